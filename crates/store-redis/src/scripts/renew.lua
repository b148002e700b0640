-- Renews the lease of a node.
--
-- ARGV: node, now, new expiry, the instant before which expired leases are deleted, filter
-- Returns `1` if the lease had expired, otherwise `0`; the next wake-up or nil; `1` if other nodes that have expired own claims
-- or runs, otherwise `0`; seconds and microseconds of the server's clock.
local node, now, purge_before, tasks = ARGV[1], ARGV[2], ARGV[4], filter_from(5)
local lease = call('HGET', NODES, node)
local is_renewed = is_alive(lease, now)
call('HSET', NODES, node, ARGV[3])
if not is_renewed then
    local leases = call('HGETALL', NODES)
    for index = 1, #leases, 2 do
        if leases[index] ~= node and sub(leases[index + 1], 1, 16) < purge_before then
            call('HDEL', NODES, leases[index])
        end
    end
end
local function has_orphans(key)
    local found = false
    each_part(key, '', function(owner)
        if owner ~= node and not is_alive(call('HGET', NODES, owner), now) then
            each_part(key, owner .. SEPARATOR, function(task)
                found = not tasks or tasks[task] or false
                return found
            end)
        end
        return found
    end)
    return found
end
local time = call('TIME')
return {
    lease and not is_renewed and '1' or '0',
    next_wakeup(tasks) or false,
    (has_orphans(CLAIMS) or has_orphans(OWNED)) and '1' or '0',
    time[1],
    time[2],
}
