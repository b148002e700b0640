-- Updates a job, as `StoredJob::update` does.
--
-- ARGV: id, expected revision, next revision, step of the fence, channel to notify,
--       expected run time (empty if it doesn't matter), new run time and due time (empty if they don't change),
--       new fire count (empty if it doesn't change), `1` if there is a new definition, its task, its size, the definition
-- Returns `updated`, `missing`, `conflict`, or `corrupt` if the header is corrupt.
local id, expected_run_time, schedule = ARGV[1], ARGV[6], ARGV[7]
local header = call('HGET', JOBS, id)
if not header then
    return 'missing'
end
local job = decode(id, header)
if not job then
    return 'corrupt'
end
if job[REVISION] ~= ARGV[2] or (expected_run_time ~= '' and expected_run_time ~= job[NEXT_TIME]) then
    return 'conflict'
end
job[REVISION] = ARGV[3]
-- Without a new schedule an open claim remains valid.
local keeps_claim = schedule == '' and job[EXPIRY] ~= NONE
if not keeps_claim then
    end_claim(job)
    job[FENCE] = raise(job[FENCE], tonumber(ARGV[4]))
end
if ARGV[9] == '1' then
    local list = runs_of(job)
    for run in string.gmatch(list, '\30[^\30]*') do
        own(job, run, false)
    end
    job[TASK], job[SIZE] = ARGV[10], ARGV[11]
    for run in string.gmatch(list, '\30[^\30]*') do
        own(job, run, true)
    end
end
if ARGV[8] ~= '' then
    job[COUNT] = ARGV[8]
end
if schedule == '' then
    if not keeps_claim then
        job[DUE] = job[NEXT_TIME]
    end
else
    job[NEXT_TIME], job[DUE], job[CLAIM_COUNT] = sub(schedule, 1, 16), sub(schedule, 17), '00000000'
    if job[NEXT_TIME] ~= NONE then
        job[FINISHED] = '0'
    end
end
save({ job })
if ARGV[9] == '1' then
    call('HSET', DEFINITIONS, id, ARGV[12])
end
call('PUBLISH', ARGV[5], '')
return 'updated'
