-- Creates the version of the layout if the keys are empty, and checks it, and the permissions of the user.
--
-- ARGV: version of this client, channel of notifications
-- Returns the stored version; an error if the keys have other types, or contain jobs of another program.
local types = {
    'hash', 'hash', 'hash', 'zset', 'zset', 'zset', 'zset', 'hash', 'hash', 'zset', 'zset', 'string',
}
local exists = false
for index, key in ipairs(KEYS) do
    local found = call('TYPE', key).ok
    if found ~= 'none' and found ~= types[index] then
        return redis.error_reply('FOREIGN the key number ' .. index .. ' is a ' .. found)
    end
    exists = exists or found ~= 'none'
end
local version = call('GET', VERSION)
if not version then
    if exists then
        return redis.error_reply('FOREIGN there is no version')
    end
    call('SET', VERSION, ARGV[1])
    version = ARGV[1]
end

-- The changes of a script are not undone if a command fails in the middle of it. The first one is `HSET`, a removal, or `ZADD` if
-- only history entries are added; these may follow. They change nothing here, and may fail for other reasons, for instance on a
-- replica.
local others = {
    { 'ZADD', ORDER, 'XX', 0, '' },
    { 'ZREM', ORDER, '' },
    { 'HDEL', JOBS, '' },
    { 'PUBLISH', ARGV[2], '' },
}
for _, command in ipairs(others) do
    local reply = redis.pcall(unpack(command))
    local failure = type(reply) == 'table' and reply.err or ''
    -- The texts of Redis 7.2 and newer, and of 7.0: neither has a code.
    if find(failure, 'ACL failure', 1, true) or find(failure, 'The user executing the script', 1, true) then
        return redis.error_reply('NOPERM the user may not execute ' .. command[1])
    end
end
return version
