-- Deletes a corrupt history entry.
--
-- ARGV: key
-- Returns whether it existed.
local exists = call('HEXISTS', HISTORY, ARGV[1])
forget({ ARGV[1] })
return exists
