-- Deletes the oldest history entries that finished before an instant.
--
-- ARGV: instant, number of entries
-- Returns the number of deleted entries.
local entries = call('ZRANGEBYLEX', HISTORY, '-', '(' .. ARGV[1], 'LIMIT', 0, tonumber(ARGV[2]))
forget(entries)
return #entries
