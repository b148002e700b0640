-- Deletes all but the newest history entries of jobs.
--
-- ARGV: number of entries to keep for each job, maximum number of entries to delete, jobs
-- Returns the number of deleted entries.
local keep, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local left = limit
for index = 3, #ARGV do
    local from, to = '[' .. ARGV[index] .. SEPARATOR, '(' .. ARGV[index] .. ' '
    local excess = math.min(call('ZLEXCOUNT', HISTORY_JOBS, from, to) - keep, left)
    if excess > 0 then
        local members = call('ZRANGEBYLEX', HISTORY_JOBS, from, to, 'LIMIT', 0, excess)
        local entries = {}
        for _, member in ipairs(members) do
            entries[#entries + 1] = find_entry(sub(member, #from))
        end
        forget(entries)
        call_each('ZREM', HISTORY_JOBS, members, 1)
        left = left - #members
    end
end
return limit - left
