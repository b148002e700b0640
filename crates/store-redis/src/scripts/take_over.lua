-- Assigns runs to a node, as `StoredJob::take_over` does.
--
-- ARGV: position after which to continue (a member of `owned`, or empty), now, number of runs, maximum size of the definitions,
--       step of the fences, new owner, whose runs (`caller` for its own, `expired caller` for its own if its lease has expired, or
--       `expired others`), the end of the new owner's lease if they are its own, the ids and fences of the runs that are left
--       out, filter
-- Returns the position after which to continue, or an empty text, and `0` if the new owner has another lease, or `1`; then for each
-- run: job, header, definition, run, and `1` if it was taken over or `0` if it or its job is corrupt.
local after, now, limit, left = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local step, new_owner, tasks = tonumber(ARGV[5]), ARGV[6], filter_from(10)
local of = ARGV[7] == 'caller' and new_owner or ''

local known = {}
for first = 1, #ARGV[9], 48 do
    known[sub(ARGV[9], first, first + 47)] = true
end

local function is_valid(run)
    local fence = run_fence(run)
    return #run >= RUN_NODE and not find(sub(run, 2, RUN_NODE - 1), '%X') and fence >= ZERO and fence <= MAX_FENCE
        and is_name(sub(run, RUN_NODE))
end

-- The run as it is now, or nil; and `1` if it was taken over, `0` if it is corrupt, or nil if it is left out.
local function move(job, run_id)
    local list = runs_of(job)
    local first, last = find_run(list, run_id)
    local run = first and sub(list, first, last)
    if not run or not is_valid(run) then
        return run, '0'
    elseif known[sub(run, 2, 33) .. run_fence(run)] then
        return run
    end
    run = sub(run, 1, 49) .. count(sub(run, 50, 57), 1) .. raise(run_fence(run), step) .. new_owner
    put_run(job, first, last, run)
    return run, '1'
end

if not is_current(of, ARGV[8]) then
    return { '', '0' }
end
local entries, rest = orphans(OWNED, after, now, limit, tasks, of, function(node)
    return (node == new_owner) == (ARGV[7] == 'expired caller')
end)
local ids, run_ids = {}, {}
for index, entry in ipairs(entries) do
    local id, run_id = match(entry, '^[^\31]*\31[^\31]*\31(.*)\31([^\31]*)$')
    ids[index], run_ids[index] = id or '', run_id or ''
end
local headers = get_all(JOBS, ids)
local jobs, changed, rows, outdated = {}, {}, { rest, '1' }, {}
for index, id in ipairs(ids) do
    local header = headers[index]
    if not jobs[id] and header then
        jobs[id] = decode(id, header)
        changed[#changed + 1] = jobs[id]
    end
    local job = jobs[id]
    if left < 0 then
        rows[1] = entries[index - 1]
        break
    elseif job then
        local run, is_taken = move(job, run_ids[index])
        if run and is_taken then
            local definition = call('HGET', DEFINITIONS, id) or ''
            left = left - #definition
            for _, value in ipairs({ id, encode(job), definition, run, is_taken }) do
                rows[#rows + 1] = value
            end
        elseif not run then
            outdated[#outdated + 1] = entries[index]
        end
    elseif header then
        for _, value in ipairs({ id, header, '', '', '0' }) do
            rows[#rows + 1] = value
        end
    else
        -- Left over from a job that was corrupt when it was removed.
        outdated[#outdated + 1] = entries[index]
    end
end
save(changed)
call_each('ZREM', OWNED, outdated, 1)
return rows
