-- Applies commits, as `StoredJob::commit` does, and adds history entries.
--
-- ARGV: step of the fences, channel to notify, number of commits; then for each commit: id, change;
--       then for each entry: the entry, job and key
-- A change is a letter, the fence, and for
--   a (advance)        next run time, due time, fire count, runs
--   f (finish)         runs
--   p (postpone)       due time
--   b (bring forward)  due time
--   s (start)          runs
--   c (clear run)      id of the run
--   r (retry run)      the run
-- Returns a text with a character for each commit: `d` for done, `r` if the job was removed, `s` for stale.
local step, channel, commits = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local DONE, REMOVED, STALE = 'd', 'r', 's'

-- Whether a change concerns other nodes: an earlier due time, or the end of a claim that may be another node's.
local is_notified = false

local function outcome(job)
    if job[FINISHED] == '1' and job[RUN_COUNT] == '00000000' then
        job[GONE] = true
        return REMOVED
    end
    return DONE
end

-- Runs that are recorded already are not changed.
local function start(job, change, first)
    for run in string.gmatch(sub(change, first), '\30[^\30]*') do
        if not find_run(runs_of(job), sub(run, 2, 33)) then
            put_run(job, nil, nil, run)
        end
    end
end

-- Applies `apply` if the claim with this fence is open.
local function settle(job, fence, change, apply)
    if fence == job[FENCE] and job[EXPIRY] ~= NONE then
        job[EXPIRY], job[NODE], job[CHANGED] = NONE, '', true
        apply(job, change)
        return outcome(job)
    end
    return job[LOST] < fence and fence <= job[FENCE] and DONE or STALE
end

local function advance(job, change)
    job[NEXT_TIME], job[DUE], job[COUNT] = sub(change, 18, 33), sub(change, 34, 49), sub(change, 50, 65)
    job[CLAIM_COUNT] = '00000000'
    if #change > 65 then
        start(job, change, 66)
    end
end

local function finish(job, change)
    job[NEXT_TIME], job[DUE], job[FINISHED], job[CLAIM_COUNT] = NONE, NONE, '1', '00000000'
    start(job, change, 18)
end

-- Sets the due time, but not to one before the run time.
local function set_due(job, due)
    if job[DUE] ~= NONE then
        job[DUE] = due > job[NEXT_TIME] and due or job[NEXT_TIME]
    end
end

local function postpone(job, change)
    set_due(job, sub(change, 18))
    job[CLAIM_COUNT] = count(job[CLAIM_COUNT], -1)
end

local actions = {}

function actions.a(job, fence, change)
    return settle(job, fence, change, advance)
end

function actions.f(job, fence, change)
    return settle(job, fence, change, finish)
end

function actions.p(job, fence, change)
    return settle(job, fence, change, postpone)
end

function actions.b(job, fence, change)
    if fence ~= job[FENCE] then
        return STALE
    end
    local due = sub(change, 18)
    if job[EXPIRY] == NONE and job[DUE] ~= NONE and due < job[DUE] then
        set_due(job, due)
        job[CHANGED], is_notified = true, true
    end
    return DONE
end

function actions.s(job, fence, change)
    if fence ~= job[FENCE] then
        local recorded = #change > 17
        for run in string.gmatch(sub(change, 18), '\30[^\30]*') do
            recorded = recorded and find_run(runs_of(job), sub(run, 2, 33))
        end
        return recorded and DONE or STALE
    end
    end_claim(job)
    job[FENCE], job[CHANGED], is_notified = raise(job[FENCE], step), true, true
    start(job, change, 18)
    return DONE
end

function actions.c(job, fence, change)
    local list = runs_of(job)
    local first, last = find_run(list, sub(change, 18))
    if not first or run_fence(sub(list, first, last)) ~= fence then
        return STALE
    end
    put_run(job, first, last, '')
    job[CHANGED] = true
    return outcome(job)
end

function actions.r(job, fence, change)
    local list, run = runs_of(job), sub(change, 18)
    local first, last = find_run(list, sub(run, 2, 33))
    if not first then
        return STALE
    end
    local recorded = sub(list, first, last)
    if run_fence(recorded) == fence and run_fence(run) > fence then
        put_run(job, first, last, run)
        job[CHANGED] = true
    elseif recorded ~= run then
        return STALE
    end
    return DONE
end

local ids, jobs, changed, outcomes = {}, {}, {}, {}
for index = 1, commits do
    ids[index] = ARGV[2 * index + 2]
end
local headers = get_all(JOBS, ids)
for index = 1, commits do
    local id, change = ids[index], ARGV[2 * index + 3]
    local job = jobs[id]
    if job == nil then
        job = headers[index] and decode(id, headers[index])
        jobs[id] = job or false
    end
    if job and not job[GONE] then
        local was_changed = job[CHANGED]
        outcomes[index] = actions[sub(change, 1, 1)](job, sub(change, 2, 17), change)
        if job[CHANGED] and not was_changed then
            changed[#changed + 1] = job
        end
    else
        outcomes[index] = STALE
    end
end

-- The keys of the history entries that exist already, which are searched by one command: between the first and the last of
-- these keys are few others.
local keys, exists, first, last = {}, {}, nil, nil
local before = 2 * commits + 3
for index = 1, (#ARGV - before) / 2 do
    local key = sub(ARGV[before + 2 * index - 1], 1, ENTRY_KEY)
    keys[index] = key
    first = first and first < key and first or key
    last = last and last > key and last or key
end
if first then
    local found = call('ZRANGEBYLEX', HISTORY, '[' .. first, '(' .. last .. '\255', 'LIMIT', 0, #keys + 1)
    if #found <= #keys then
        for _, entry in ipairs(found) do
            exists[sub(entry, 1, ENTRY_KEY)] = true
        end
    else
        for _, key in ipairs(keys) do
            exists[key] = find_entry(key) and true
        end
    end
end

-- The first entry with a key is kept.
local entries, by_job = new_values(), new_values()
for index, key in ipairs(keys) do
    if not exists[key] then
        exists[key] = true
        push(entries, '0')
        push(entries, ARGV[before + 2 * index - 1])
        push(by_job, '0')
        push(by_job, ARGV[before + 2 * index])
    end
end

save(changed)
call_each('ZADD', HISTORY, entries, 2)
call_each('ZADD', HISTORY_JOBS, by_job, 2)
if is_notified then
    call('PUBLISH', channel, '')
end
return table.concat(outcomes)
