-- What all scripts share: the layout, and the functions that read and write jobs. It precedes the text of each script.
--
-- KEYS, the same for each script:
--    1  jobs           hash        id -> header
--    2  definitions    hash        id -> definition
--    3  runs           hash        id -> runs in flight, if there are any
--    4  run_times      sorted set  of the unclaimed jobs that have a schedule: task, due time, id
--    5  claims         sorted set  of the claimed jobs: node, task, the instant from which it can be claimed again, due time, id
--    6  order          sorted set  of all jobs, for listings: next run time, id
--    7  owned          sorted set  of the runs in flight: node, task, id, run
--    8  nodes          hash        node -> expiry of its lease, followed by `r` if the lease was revoked
--    9  metadata       hash        key -> value
--   10  history        hash        finish time, run and attempt of an entry -> job, entry
--   11  history_times  sorted set  of the keys of the entries
--   12  history_jobs   sorted set  job, key of an entry
--   13  version        string      the version of this layout
--
-- All scores are 0, so sorted sets are ordered by the bytes of their members. The parts of a member are separated by the
-- character 31, which sorts before all characters that names can contain.
--
-- Instants, fences, revisions and fire counts are 16 hexadecimal digits (a signed number plus 2^63), because numbers of Lua
-- are exact only up to 2^53. They are compared as text. An instant that does not exist is 16 tildes, which sorts last.
local JOBS, DEFINITIONS, RUNS, RUN_TIMES, CLAIMS, ORDER, OWNED, NODES, METADATA, HISTORY, HISTORY_TIMES, HISTORY_JOBS, VERSION =
    unpack(KEYS)

local SEPARATOR = '\31'
local NONE = '~~~~~~~~~~~~~~~~'
local ZERO = '8000000000000000'
local MAX_FENCE = 'c000000000000000'
local MAX_INSTANT = '8384440ccc735fff'
-- The number of values that can be passed to one command.
local MAX_VALUES = 7000

local call, find, format, match, sub = redis.call, string.find, string.format, string.match, string.sub

-- Calls a command with a list of values, in parts if it is long; `size` values belong together.
local function call_each(command, key, values, size)
    local step = MAX_VALUES - MAX_VALUES % size
    for first = 1, #values, step do
        call(command, key, unpack(values, first, math.min(first + step - 1, #values)))
    end
end

-- The values of these fields of a hash: `false` if a field does not exist.
local function get_all(key, fields)
    if #fields <= MAX_VALUES then
        return #fields > 0 and call('HMGET', key, unpack(fields)) or {}
    end
    local values = {}
    for first = 1, #fields, MAX_VALUES do
        local part = call('HMGET', key, unpack(fields, first, math.min(first + MAX_VALUES - 1, #fields)))
        for index = 1, #part do
            values[#values + 1] = part[index]
        end
    end
    return values
end

-- A header: fence, last unsettled fence, claims (8 digits), expiry of the claim or NONE, revision, fire count, next run
-- time, due time, whether the job is finished (1 digit), number of runs and size of the definition (8 digits each); then
-- the task, a separator, and the node of the claim.
local HEADER = 'c16c16c8c16c16c16c16c16c1c8c8'
local NAMES = 138

-- Where a job is indexed by the instant from which it can be claimed: key and member, or nil without a schedule.
local function index_entry(job)
    local due = job.due
    if due == NONE then
        return nil, nil
    end
    local expiry = job.expiry
    if expiry == NONE then
        return RUN_TIMES, job.task .. SEPARATOR .. due .. SEPARATOR .. job.id
    end
    local at = expiry > due and expiry or due
    return CLAIMS, job.node .. SEPARATOR .. job.task .. SEPARATOR .. at .. SEPARATOR .. due .. SEPARATOR .. job.id
end

-- The job with this header, or nil if the header is corrupt.
local function decode(id, header)
    if #header < NAMES then
        return nil
    end
    local fence, lost, claims, expiry, revision, count, next_time, due, finished, runs, size = struct.unpack(HEADER, header)
    local task, node = match(header, '^([^\31]*)\31(.*)$', NAMES)
    if not task then
        return nil
    end
    local job = {
        id = id, fence = fence, lost = lost, claims = claims, expiry = expiry, revision = revision, count = count,
        next_time = next_time, due = due, finished = finished, runs = runs, size = size, task = task, node = node,
        old_next_time = next_time, key = false, entry = false,
    }
    job.key, job.entry = index_entry(job)
    return job
end

local function encode(job)
    return job.fence .. job.lost .. job.claims .. job.expiry .. job.revision .. job.count .. job.next_time .. job.due
        .. job.finished .. job.runs .. job.size .. job.task .. SEPARATOR .. job.node
end

-- A larger fence. The step is a random number of the client, so that the fence that follows one which a failover has lost
-- differs from it. An invalid fence is not changed.
local function raise(fence, step)
    if fence < ZERO or fence > MAX_FENCE then
        return fence
    end
    local low = tonumber(sub(fence, 9), 16) + step
    if low < 4294967296 then
        return sub(fence, 1, 8) .. format('%08x', low)
    end
    return format('%08x%08x', tonumber(sub(fence, 1, 8), 16) + 1, low - 4294967296)
end

-- A number of 8 digits plus `change`, within its limits.
local function count(number, change)
    local sum = (tonumber(number, 16) or 0) + change
    return format('%08x', math.max(0, math.min(sum, 4294967295)))
end

-- Ends a claim without settling it.
local function end_claim(job)
    if job.expiry ~= NONE then
        job.lost, job.expiry, job.node = job.fence, NONE, ''
    end
end

-- Runs in flight: a list as text, in which each run begins with the character 30: its id (32 digits), scheduled time,
-- attempt (8 digits), fence, node.
local RUN_NODE = 74

local function runs_of(job)
    if not job.list then
        job.list = job.runs ~= '00000000' and call('HGET', RUNS, job.id) or ''
        job.old_list = job.list
    end
    return job.list
end

-- The first and the last position of a run in a list, or nil.
local function find_run(list, run_id)
    local first = find(list, '\30' .. run_id, 1, true)
    if first then
        return first, (find(list, '\30', first + 1, true) or #list + 1) - 1
    end
end

local function run_fence(run)
    return sub(run, 58, RUN_NODE - 1)
end

-- The changes of the index `owned`: member -> whether it exists.
local owned = {}

local function own(job, run, exists)
    local member = sub(run, RUN_NODE) .. SEPARATOR .. job.task .. SEPARATOR .. job.id .. SEPARATOR .. sub(run, 2, 33)
    owned[member] = exists
end

-- Replaces the run at these positions by another one, or by ''; appends it if there are no positions.
local function put_run(job, first, last, run)
    local list = runs_of(job)
    if first then
        own(job, sub(list, first, last), false)
        job.list = sub(list, 1, first - 1) .. run .. sub(list, last + 1)
    else
        job.list = list .. run
    end
    if run ~= '' then
        own(job, run, true)
    end
    job.runs = count(job.runs, (first and 0 or 1) - (run == '' and 1 or 0))
end

-- Writes changed jobs, and removes those with `gone`. The first command is one that the server rejects if its memory is full,
-- so that either everything is written or nothing.
local function save(jobs)
    local headers, lists, no_lists, gone = {}, {}, {}, {}
    local added = { [RUN_TIMES] = {}, [CLAIMS] = {}, [ORDER] = {}, [OWNED] = {} }
    local removed = { [RUN_TIMES] = {}, [CLAIMS] = {}, [ORDER] = {}, [OWNED] = {} }
    local function add(key, member)
        local members = added[key]
        local last = #members
        members[last + 1] = 0
        members[last + 2] = member
    end
    local function remove(key, member)
        local members = removed[key]
        members[#members + 1] = member
    end
    for index = 1, #jobs do
        local job = jobs[index]
        local id = job.id
        if job.gone then
            gone[#gone + 1] = id
            if job.entry then
                remove(job.key, job.entry)
            end
            remove(ORDER, job.old_next_time .. SEPARATOR .. id)
        else
            local last = #headers
            headers[last + 1] = id
            headers[last + 2] = encode(job)
            local key, entry = index_entry(job)
            if entry ~= job.entry then
                if job.entry then
                    remove(job.key, job.entry)
                end
                if entry then
                    add(key, entry)
                end
            end
            if job.next_time ~= job.old_next_time then
                remove(ORDER, job.old_next_time .. SEPARATOR .. id)
                add(ORDER, job.next_time .. SEPARATOR .. id)
            end
            if job.list == '' and job.old_list ~= '' then
                no_lists[#no_lists + 1] = id
            elseif job.list ~= job.old_list then
                lists[#lists + 1] = id
                lists[#lists + 1] = job.list
            end
        end
    end
    for member, exists in pairs(owned) do
        if exists then
            add(OWNED, member)
        else
            remove(OWNED, member)
        end
    end
    call_each('HSET', JOBS, headers, 2)
    call_each('HSET', RUNS, lists, 2)
    for key, members in pairs(removed) do
        call_each('ZREM', key, members, 1)
    end
    for key, members in pairs(added) do
        call_each('ZADD', key, members, 2)
    end
    call_each('HDEL', RUNS, no_lists, 1)
    for _, key in ipairs({ JOBS, DEFINITIONS, RUNS }) do
        call_each('HDEL', key, gone, 1)
    end
end

-- The tasks of a filter, which are the arguments from this index on: `*` for all tasks, or `=` and the names. Returns nil, or
-- a table with the names as keys.
local function filter_from(first)
    if ARGV[first] == '*' then
        return nil
    end
    local tasks = {}
    for index = first + 1, #ARGV do
        tasks[ARGV[index]] = true
    end
    return tasks
end

-- The first member of a sorted set that begins with `start`, a text that ends with a separator or is empty, and its next
-- part; nil if there is none. `after` is a part to be skipped with all before it, or nil.
local function first_part(key, start, after)
    local from = after and '(' .. start .. after .. ' ' or (start == '' and '-' or '[' .. start)
    local to = start == '' and '+' or '(' .. sub(start, 1, -2) .. ' '
    local member = call('ZRANGEBYLEX', key, from, to, 'LIMIT', 0, 1)[1]
    if member then
        return match(member, '^[^\31]*', #start + 1), member
    end
end

-- Calls a function with each distinct part of the members that begin with `start`, and the first member with this part,
-- until it returns true.
local function each_part(key, start, visit)
    local part, member = first_part(key, start)
    while part and not visit(part, member) do
        part, member = first_part(key, start, part)
    end
end

-- Calls a function with each task of the unclaimed jobs that is in the filter, and its first member.
local function each_task(tasks, visit)
    if not tasks then
        return each_part(RUN_TIMES, '', visit)
    end
    for task in pairs(tasks) do
        local start = task .. SEPARATOR
        local member = call('ZRANGEBYLEX', RUN_TIMES, '[' .. start, '(' .. task .. ' ', 'LIMIT', 0, 1)[1]
        if member then
            visit(task, member)
        end
    end
end

-- Calls a function with the members' start for each node and task in the filter, and the first member, until it returns true.
local function each_owner_and_task(key, tasks, visit)
    each_part(key, '', function(node)
        local stop = false
        each_part(key, node .. SEPARATOR, function(task, member)
            if not tasks or tasks[task] then
                stop = visit(node .. SEPARATOR .. task .. SEPARATOR, member)
            end
            return stop
        end)
        return stop
    end)
end

-- The earliest instant from which a job with a task in the filter can be claimed, or nil.
local function next_wakeup(tasks)
    local earliest
    local function consider(at)
        if not earliest or at < earliest then
            earliest = at
        end
    end
    each_task(tasks, function(task, member)
        consider(sub(member, #task + 2, #task + 17))
    end)
    each_owner_and_task(CLAIMS, tasks, function(start, member)
        consider(sub(member, #start + 1, #start + 16))
    end)
    return earliest
end

-- Whether a lease is valid at this instant. A corrupt or a revoked lease is not.
local function is_alive(lease, now)
    return lease and #lease == 16 and lease > now and lease <= MAX_INSTANT
end

-- A name as the client accepts it: 1 to 191 characters without control characters.
local function is_name(name)
    local _, characters = string.gsub(name, '[^\128-\191]', '')
    return name ~= '' and characters <= 191 and not find(name, '%c')
end

-- The entries of `claims` or `owned` that belong to nodes whose lease has expired at `now`, after a position, and the position
-- after which to continue, or an empty text. The leases of these nodes are revoked, so that they renew them as expired.
local function orphans(key, after, now, limit, tasks, is_wanted)
    local entries, from = {}, after == '' and '-' or '(' .. after
    while #entries < limit do
        local member = call('ZRANGEBYLEX', key, from, '+', 'LIMIT', 0, 1)[1]
        if not member then
            return entries, ''
        end
        local node, task = match(member, '^([^\31]*)\31([^\31]*)')
        local lease = node and call('HGET', NODES, node)
        if not node then
            from = '(' .. member
        elseif is_alive(lease, now) or not is_wanted(node) then
            from = '(' .. node .. ' '
        elseif tasks and not tasks[task] then
            from = '(' .. node .. SEPARATOR .. task .. ' '
        else
            local to = '(' .. node .. SEPARATOR .. task .. ' '
            local found = call('ZRANGEBYLEX', key, '[' .. member, to, 'LIMIT', 0, limit - #entries)
            for index = 1, #found do
                entries[#entries + 1] = found[index]
            end
            from = '(' .. found[#found]
            if lease and sub(lease, 17) ~= 'r' then
                call('HSET', NODES, node, sub(lease, 1, 16) .. 'r')
            end
        end
    end
    return entries, entries[#entries]
end

-- Deletes history entries by their keys.
local function forget(keys)
    local entries, by_job = get_all(HISTORY, keys), {}
    for index, key in ipairs(keys) do
        local job = entries[index] and match(entries[index], '^[^\31]*')
        if job then
            by_job[#by_job + 1] = job .. SEPARATOR .. key
        end
    end
    call_each('HDEL', HISTORY, keys, 1)
    call_each('ZREM', HISTORY_TIMES, keys, 1)
    call_each('ZREM', HISTORY_JOBS, by_job, 1)
end
