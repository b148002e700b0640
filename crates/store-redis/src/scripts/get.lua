-- Reads a job.
--
-- ARGV: id
-- Returns header, definition and runs; nil for what does not exist.
return { call('HGET', JOBS, ARGV[1]), call('HGET', DEFINITIONS, ARGV[1]), call('HGET', RUNS, ARGV[1]) }
