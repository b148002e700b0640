-- Claims due jobs for a node, as `StoredJob::claim` does, in order of their due time.
--
-- ARGV: node, now, expiry of the claims, number of jobs, maximum size of their definitions, step of the fences, filter
-- Returns `1` if more jobs may be due, otherwise `0`; then for each claimed job: id, header, definition. A corrupt header is
-- returned, too, once for each lease.
local node, now, expiry, limit, left = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local step, tasks = tonumber(ARGV[6]), filter_from(7)

-- The entries of due jobs. Those of one task are sorted by due time; expired claims, which are sorted by their expiry, are
-- all considered. A source is a key with the position of the due time in its entries.
local entries, source_of, sources, found_entries = {}, {}, {}, 0
local function consider(key, due, found)
    if #found > 0 then
        local number = #sources + 1
        sources[number] = { key = key, due = due }
        for index = 1, #found do
            entries[found_entries + index], source_of[found_entries + index] = found[index], number
        end
        found_entries = found_entries + #found
    end
end
each_task(tasks, function(task)
    local start = task .. SEPARATOR
    local to = '(' .. start .. now .. SEPARATOR .. '\255'
    consider(RUN_TIMES, #start + 1, call('ZRANGEBYLEX', RUN_TIMES, '[' .. start, to, 'LIMIT', 0, limit + 1))
end)
each_owner_and_task(CLAIMS, tasks, function(start)
    local to = '(' .. start .. now .. SEPARATOR .. '\255'
    consider(CLAIMS, #start + 18, call('ZRANGEBYLEX', CLAIMS, '[' .. start, to))
end)

-- The earliest of them.
local order, ids = {}, {}
for index = 1, found_entries do
    order[index] = index
end
if #sources > 1 or (sources[1] and sources[1].key == CLAIMS) then
    local dues = {}
    for index = 1, found_entries do
        local due = sources[source_of[index]].due
        dues[index] = sub(entries[index], due, due + 15)
    end
    table.sort(order, function(one, other) return dues[one] < dues[other] end)
end
local more = found_entries > limit
for number = 1, math.min(found_entries, limit) do
    local index = order[number]
    ids[number] = sub(entries[index], sources[source_of[index]].due + 17)
end

local headers = get_all(JOBS, ids)
local rows, jobs, claimed, outdated, repaired = { false }, {}, {}, {}, {}
local function reply(id, header)
    local number = #claimed + 1
    claimed[number] = id
    rows[3 * number - 1], rows[3 * number], rows[3 * number + 1] = id, header, false
end
for number = 1, #ids do
    local id, header, index = ids[number], headers[number], order[number]
    local entry, source = entries[index], sources[source_of[index]]
    local job = header and decode(id, header)
    if job and job[ENTRY] == entry then
        left = left - (tonumber(job[SIZE], 16) or 0)
        if left < 0 and #claimed > 0 then
            more = true
            break
        end
        if job[EXPIRY] ~= NONE then
            job[LOST] = job[FENCE]
        end
        job[FENCE], job[CLAIM_COUNT], job[EXPIRY], job[NODE] = raise(job[FENCE], step), next_count(job[CLAIM_COUNT]), expiry, node
        jobs[#jobs + 1] = job
        reply(id, encode(job))
    else
        -- The header or the entry was edited. A corrupt job is found again when a claim would expire.
        more = true
        outdated[source.key] = outdated[source.key] or {}
        table.insert(outdated[source.key], entry)
        if job and job[ENTRY] then
            table.insert(repaired, { job[KEY], job[ENTRY] })
        elseif header and not job then
            local task = source.key == RUN_TIMES and sub(entry, 1, source.due - 2) or match(entry, '^[^\31]*\31([^\31]*)')
            local due = sub(entry, source.due, source.due + 15)
            local again = { node, task, expiry > due and expiry or due, due, id }
            table.insert(repaired, { CLAIMS, table.concat(again, SEPARATOR) })
            reply(id, header)
        end
    end
end
local definitions = get_all(DEFINITIONS, claimed)
for index = 1, #claimed do
    rows[3 * index + 1] = definitions[index] or ''
end
rows[1] = more and '1' or '0'
save(jobs)
for key, members in pairs(outdated) do
    call_each('ZREM', key, members, 1)
end
for _, entry in ipairs(repaired) do
    call('ZADD', entry[1], '0', entry[2])
end
return rows
