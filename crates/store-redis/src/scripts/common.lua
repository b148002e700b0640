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
--   10  history        sorted set  of entries: key (finish time, run and attempt), job, other fields as JSON
--   11  history_jobs   sorted set  job, key of an entry
--   12  version        string      the version of this layout
--
-- All scores are 0, so sorted sets are ordered by the bytes of their members. The parts of a member are separated by the
-- character 31, which sorts before all characters that names can contain.
--
-- Instants, fences, revisions and fire counts are 16 hexadecimal digits (a signed number plus 2^63), because numbers of Lua
-- are exact only up to 2^53. They are compared as text. An instant that does not exist is 16 tildes, which sorts last.
local JOBS, DEFINITIONS, RUNS, RUN_TIMES, CLAIMS, ORDER, OWNED, NODES, METADATA, HISTORY, HISTORY_JOBS, VERSION =
    unpack(KEYS)

local SEPARATOR = '\31'
local NONE = '~~~~~~~~~~~~~~~~'
local ZERO = '8000000000000000'
local MAX_FENCE = 'c000000000000000'
local FIRST_DIGIT_OF_ZERO, FIRST_DIGIT_OF_MAX_FENCE = string.byte('8'), string.byte('c')
local MAX_INSTANT = '8384440ccc735fff'
-- The number of values that can be passed to one command.
local MAX_VALUES = 7000

local call, concat = redis.call, table.concat
local byte, find, format, match, sub = string.byte, string.find, string.format, string.match, string.sub

-- Calls a command with a list of values, in parts if it is long; `size` values belong together.
local function call_each(command, key, values, size)
    local step = MAX_VALUES - MAX_VALUES % size
    local last = values.size or #values
    for first = 1, last, step do
        call(command, key, unpack(values, first, math.min(first + step - 1, last)))
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

-- A header: fence, last unsettled fence, claims (8 digits), expiry of the claim or NONE, fire count, next run time, due time,
-- whether the job is finished (1 digit), number of runs (8 digits), revision, size of the definition (8 digits); then the task,
-- a separator, and the node of the claim.
local HEADER = 'c16c16c8c16c16c16c16c1c8c16c8'
local NAMES = 138

-- A job is a list: the fields of its header, and what is needed to change it. (Tables with names would take twice the time.)
local FENCE, LOST, CLAIM_COUNT, EXPIRY, COUNT, NEXT_TIME, DUE, FINISHED, RUN_COUNT, REVISION, SIZE, TASK, NODE, ID = 1, 2, 3, 4,
    5, 6, 7, 8, 9, 10, 11, 12, 13, 14
-- Its key and member in an index, and its next run time, as they are stored; whether to write or to remove it; the list of
-- its runs, if that was read, and as it is stored.
local KEY, ENTRY, OLD_NEXT_TIME, CHANGED, GONE, LIST, OLD_LIST = 15, 16, 17, 18, 19, 20, 21

-- Where a job is indexed by the instant from which it can be claimed: key and member, or false without a schedule.
local function index_entry(job)
    local due = job[DUE]
    if due == NONE then
        return false, false
    end
    local expiry = job[EXPIRY]
    if expiry == NONE then
        return RUN_TIMES, job[TASK] .. SEPARATOR .. due .. SEPARATOR .. job[ID]
    end
    local at = expiry > due and expiry or due
    return CLAIMS, job[NODE] .. SEPARATOR .. job[TASK] .. SEPARATOR .. at .. SEPARATOR .. due .. SEPARATOR .. job[ID]
end

local function is_instant(text)
    return text == NONE or not find(text, '%X')
end

-- The job with this header, or nil if it is so corrupt that it can't be indexed. The client checks the other fields.
local function decode(id, header)
    if #header < NAMES then
        return nil
    end
    local fence, lost, claims, expiry, fires, next_time, due, finished, runs, revision, size = struct.unpack(HEADER, header)
    local task, node = match(header, '^([^\31]*)\31(.*)$', NAMES)
    if not task or not is_instant(due) or not is_instant(next_time) or not is_instant(expiry) then
        return nil
    end
    local job = {
        fence, lost, claims, expiry, fires, next_time, due, finished, runs, revision, size, task, node, id,
        false, false, next_time, false, false, false, false,
    }
    job[KEY], job[ENTRY] = index_entry(job)
    return job
end

local function encode(job)
    return concat(job, '', FENCE, TASK) .. SEPARATOR .. job[NODE]
end

-- A larger fence. The step is a random number of the client, so that the fence that follows one which a failover has lost
-- differs from it. An invalid fence is not changed.
local function raise(fence, step)
    local first = byte(fence)
    if first < FIRST_DIGIT_OF_ZERO or first > FIRST_DIGIT_OF_MAX_FENCE then
        return fence
    end
    local high, low = sub(fence, 1, 4), tonumber(sub(fence, 5), 16)
    local raised = (low or 0) + step
    if low and raised < 281474976710656 then
        return high .. format('%012x', raised)
    end
    high = tonumber(high, 16)
    return high and low and format('%04x%012x', high + 1, raised - 281474976710656) or fence
end

-- A number of 8 digits plus `change`, within its limits.
local function count(number, change)
    local sum = (tonumber(number, 16) or 0) + change
    return format('%08x', math.max(0, math.min(sum, 4294967295)))
end

-- The results of `count(number, 1)`: most jobs of a batch have the same number.
local next_counts = {}

local function next_count(number)
    local next = next_counts[number] or count(number, 1)
    next_counts[number] = next
    return next
end

-- Ends a claim without settling it.
local function end_claim(job)
    if job[EXPIRY] ~= NONE then
        job[LOST], job[EXPIRY], job[NODE] = job[FENCE], NONE, ''
    end
end

-- Runs in flight: a list as text, in which each run begins with the character 30: its id (32 digits), scheduled time,
-- attempt (8 digits), fence, node.
local RUN_NODE = 74

local function runs_of(job)
    if not job[LIST] then
        job[LIST] = job[RUN_COUNT] ~= '00000000' and call('HGET', RUNS, job[ID]) or ''
        job[OLD_LIST] = job[LIST]
    end
    return job[LIST]
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
    local member = sub(run, RUN_NODE) .. SEPARATOR .. job[TASK] .. SEPARATOR .. job[ID] .. SEPARATOR .. sub(run, 2, 33)
    owned[member] = exists
end

-- Replaces the run at these positions by another one, or by ''; appends it if there are no positions.
local function put_run(job, first, last, run)
    local list = runs_of(job)
    if first then
        own(job, sub(list, first, last), false)
        job[LIST] = sub(list, 1, first - 1) .. run .. sub(list, last + 1)
    else
        job[LIST] = list .. run
    end
    if run ~= '' then
        own(job, run, true)
    end
    job[RUN_COUNT] = count(job[RUN_COUNT], (first and 0 or 1) - (run == '' and 1 or 0))
end

-- A list of values for a command, with its length, since `#` searches for the end of a list.
local function new_values()
    return { size = 0 }
end

local function push(values, value)
    local size = values.size + 1
    values[size], values.size = value, size
end

-- Writes changed jobs, and removes those with GONE. The first command is one that the server rejects if its memory is full,
-- so that either everything is written or nothing.
local function save(jobs)
    local headers, lists, no_lists, gone = new_values(), new_values(), new_values(), new_values()
    local added = { [RUN_TIMES] = new_values(), [CLAIMS] = new_values(), [ORDER] = new_values(), [OWNED] = new_values() }
    local removed = { [RUN_TIMES] = new_values(), [CLAIMS] = new_values(), [ORDER] = new_values(), [OWNED] = new_values() }
    for index = 1, #jobs do
        local job = jobs[index]
        local id, key, entry, next_time = job[ID], false, false, false
        if job[GONE] then
            push(gone, id)
        else
            push(headers, id)
            push(headers, encode(job))
            key, entry = index_entry(job)
            next_time = job[NEXT_TIME]
            if job[LIST] == '' and job[OLD_LIST] ~= '' then
                push(no_lists, id)
            elseif job[LIST] ~= job[OLD_LIST] then
                push(lists, id)
                push(lists, job[LIST])
            end
        end
        if entry ~= job[ENTRY] then
            if job[ENTRY] then
                push(removed[job[KEY]], job[ENTRY])
            end
            if entry then
                push(added[key], '0')
                push(added[key], entry)
            end
        end
        if next_time ~= job[OLD_NEXT_TIME] then
            push(removed[ORDER], job[OLD_NEXT_TIME] .. SEPARATOR .. id)
            if next_time then
                push(added[ORDER], '0')
                push(added[ORDER], next_time .. SEPARATOR .. id)
            end
        end
    end
    for member, exists in pairs(owned) do
        if exists then
            push(added[OWNED], '0')
            push(added[OWNED], member)
        else
            push(removed[OWNED], member)
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
        if not find(at, '%X') and (not earliest or at < earliest) then
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

-- Whether the lease of a node ends at this instant. It may be an empty text instead of a node.
local function is_current(node, lease)
    return node == '' or call('HGET', NODES, node) == lease
end

-- The entries of `claims` or `owned` after a position that belong to the node `of`, or, if that is empty, to nodes whose lease
-- has expired at `now` and for which `is_wanted` returns true; and the position after which to continue, or an empty text. The
-- leases of expired nodes are revoked, so that they renew them as expired.
local function orphans(key, after, now, limit, tasks, of, is_wanted)
    local entries, from = {}, after == '' and '-' or '(' .. after
    while #entries < limit do
        local member = call('ZRANGEBYLEX', key, from, '+', 'LIMIT', 0, 1)[1]
        if not member then
            return entries, ''
        end
        local node, task = match(member, '^([^\31]*)\31([^\31]*)')
        local lease, is_owner = nil, node == of
        if node and of == '' then
            lease = call('HGET', NODES, node)
            is_owner = not is_alive(lease, now) and is_wanted(node)
        end
        if not node then
            from = '(' .. member
        elseif not is_owner then
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

-- The length of the key of a history entry.
local ENTRY_KEY = 56

-- The history entry that begins with this key, or nil.
local function find_entry(key)
    local entry = call('ZRANGEBYLEX', HISTORY, '[' .. key, '+', 'LIMIT', 0, 1)[1]
    return entry and sub(entry, 1, #key) == key and entry or nil
end

-- Deletes history entries.
local function forget(entries)
    local by_job = {}
    for index, entry in ipairs(entries) do
        by_job[index] = match(entry, '^[^\31]*', ENTRY_KEY + 1) .. SEPARATOR .. sub(entry, 1, ENTRY_KEY)
    end
    call_each('ZREM', HISTORY, entries, 1)
    call_each('ZREM', HISTORY_JOBS, by_job, 1)
end
