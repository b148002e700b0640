-- Applies commits, as `StoredJob::commit` does, and adds history entries.
--
-- ARGV: step of the fences, channel to notify, number of commits; then for each commit: id, change; then for each entry: key, job, entry
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
    if job.finished == '1' and job.runs == '00000000' then
        job.gone = true
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
    if fence == job.fence and job.expiry ~= NONE then
        job.expiry, job.node, job.changed = NONE, '', true
        apply(job, change)
        return outcome(job)
    end
    return job.lost < fence and fence <= job.fence and DONE or STALE
end

local function advance(job, change)
    job.next_time, job.due, job.count = sub(change, 18, 33), sub(change, 34, 49), sub(change, 50, 65)
    job.claims = '00000000'
    if #change > 65 then
        start(job, change, 66)
    end
end

local function finish(job, change)
    job.next_time, job.due, job.finished, job.claims = NONE, NONE, '1', '00000000'
    start(job, change, 18)
end

-- Sets the due time, but not to one before the run time.
local function set_due(job, due)
    if job.due ~= NONE then
        job.due = due > job.next_time and due or job.next_time
    end
end

local function postpone(job, change)
    set_due(job, sub(change, 18))
    job.claims = count(job.claims, -1)
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
    if fence ~= job.fence then
        return STALE
    end
    local due = sub(change, 18)
    if job.expiry == NONE and job.due ~= NONE and due < job.due then
        set_due(job, due)
        job.changed, is_notified = true, true
    end
    return DONE
end

function actions.s(job, fence, change)
    if fence ~= job.fence then
        local recorded = #change > 17
        for run in string.gmatch(sub(change, 18), '\30[^\30]*') do
            recorded = recorded and find_run(runs_of(job), sub(run, 2, 33))
        end
        return recorded and DONE or STALE
    end
    end_claim(job)
    job.fence, job.changed, is_notified = raise(job.fence, step), true, true
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
    job.changed = true
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
        job.changed = true
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
    if job and not job.gone then
        local was_changed = job.changed
        outcomes[index] = actions[sub(change, 1, 1)](job, sub(change, 2, 17), change)
        if job.changed and not was_changed then
            changed[#changed + 1] = job
        end
    else
        outcomes[index] = STALE
    end
end

-- The first entry with a key is kept.
local keys, seen, entries, times, by_job = {}, {}, {}, {}, {}
local first = 2 * commits + 4
for index = first, #ARGV, 3 do
    keys[#keys + 1] = ARGV[index]
end
local existing = get_all(HISTORY, keys)
for index, key in ipairs(keys) do
    if not existing[index] and not seen[key] then
        seen[key] = true
        local job, entry = ARGV[first + 3 * index - 2], ARGV[first + 3 * index - 1]
        local last = #entries
        entries[last + 1], entries[last + 2] = key, job .. SEPARATOR .. entry
        times[last + 1], times[last + 2] = 0, key
        by_job[last + 1], by_job[last + 2] = 0, job .. SEPARATOR .. key
    end
end

save(changed)
call_each('HSET', HISTORY, entries, 2)
call_each('ZADD', HISTORY_TIMES, times, 2)
call_each('ZADD', HISTORY_JOBS, by_job, 2)
if is_notified then
    call('PUBLISH', channel, '')
end
return table.concat(outcomes)
