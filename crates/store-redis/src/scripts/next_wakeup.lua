-- Finds the next instant at which a job can be claimed.
--
-- ARGV: filter
-- Returns the instant, or nil.
return next_wakeup(filter_from(1)) or false
