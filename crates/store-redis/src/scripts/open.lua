-- Creates the version of the layout if the keys are empty, and checks it.
--
-- ARGV: version of this client
-- Returns the stored version; an error if the keys have other types, or contain jobs of another program.
local types = {
    'hash', 'hash', 'hash', 'zset', 'zset', 'zset', 'zset', 'hash', 'hash', 'hash', 'zset', 'zset', 'string',
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
return version
