-- Adds jobs whose ids do not exist, and publishes when the first of them is due, or an empty text if none is.
--
-- ARGV: channel to notify; then for each job: id, header, definition
-- Returns a text with a character for each job: `a` if it was added, `e` if the id exists.
local ids = {}
for index = 2, #ARGV, 3 do
    ids[#ids + 1] = ARGV[index]
end
local existing = get_all(JOBS, ids)
local outcomes, headers, definitions, order, run_times, seen = {}, {}, {}, {}, {}, {}
local first_due
for index = 1, #ids do
    local id = ids[index]
    if existing[index] or seen[id] then
        outcomes[index] = 'e'
    else
        outcomes[index] = 'a'
        seen[id] = true
        local header, definition = ARGV[3 * index], ARGV[3 * index + 1]
        local job = decode(id, header)
        local last = #headers
        headers[last + 1], headers[last + 2] = id, header
        definitions[last + 1], definitions[last + 2] = id, definition
        order[last + 1], order[last + 2] = '0', job[NEXT_TIME] .. SEPARATOR .. id
        if job[ENTRY] then
            run_times[#run_times + 1] = '0'
            run_times[#run_times + 1] = job[ENTRY]
            if not first_due or job[DUE] < first_due then
                first_due = job[DUE]
            end
        end
    end
end
if #headers > 0 then
    call_each('HSET', JOBS, headers, 2)
    call_each('HSET', DEFINITIONS, definitions, 2)
    call_each('ZADD', ORDER, order, 2)
    call_each('ZADD', RUN_TIMES, run_times, 2)
    call('PUBLISH', ARGV[1], first_due or '')
end
return table.concat(outcomes)
