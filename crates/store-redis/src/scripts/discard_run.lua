-- Removes a corrupt run, and its job if that was finished and this its last run.
--
-- ARGV: job, id of the run as it is stored
-- Returns whether it existed.
local header = call('HGET', JOBS, ARGV[1])
local job = header and decode(ARGV[1], header)
if not job then
    return 0
end
local first, last = find_run(runs_of(job), ARGV[2])
if not first then
    return 0
end
put_run(job, first, last, '')
job[GONE] = job[FINISHED] == '1' and job[RUN_COUNT] == '00000000'
save({ job })
return 1
