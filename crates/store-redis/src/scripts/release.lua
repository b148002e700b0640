-- Releases claims of one node, or of nodes whose lease has expired, as `StoredJob::release` does.
--
-- ARGV: position after which to continue (a member of `claims`, or empty), now, number of claims, step of the fences, the only node
--       or an empty text, the end of its lease, filter
-- Returns the number of released claims, the position after which to continue, or an empty text, and `0` if the node has another
-- lease, or `1`.
local after, now, limit = ARGV[1], ARGV[2], tonumber(ARGV[3])
local step, tasks = tonumber(ARGV[4]), filter_from(7)
if not is_current(ARGV[5], ARGV[6]) then
    return { 0, '', '0' }
end
local entries, rest = orphans(CLAIMS, after, now, limit, tasks, ARGV[5], function()
    return true
end)
local ids, jobs = {}, {}
for index, entry in ipairs(entries) do
    ids[index] = match(entry, '^[^\31]*\31[^\31]*\31[^\31]*\31[^\31]*\31(.*)$') or ''
end
local headers = get_all(JOBS, ids)
local outdated = {}
for index, entry in ipairs(entries) do
    local job = headers[index] and decode(ids[index], headers[index])
    if job and job[ENTRY] == entry then
        end_claim(job)
        job[FENCE] = raise(job[FENCE], step)
        jobs[#jobs + 1] = job
    elseif job or not headers[index] then
        -- Left over from a job that was edited, or was corrupt when it was removed.
        outdated[#outdated + 1] = entry
        if job and job[ENTRY] then
            call('ZADD', job[KEY], 0, job[ENTRY])
        end
    end
end
save(jobs)
call_each('ZREM', CLAIMS, outdated, 1)
return { #jobs, rest, '1' }
