-- Deletes a corrupt history entry.
--
-- ARGV: key, which is the whole entry if that is shorter than a key
-- Returns whether it existed.
local key = ARGV[1]
if #key < ENTRY_KEY then
    return call('ZREM', HISTORY, key)
end
local entry = find_entry(key)
forget({ entry })
return entry and 1 or 0
