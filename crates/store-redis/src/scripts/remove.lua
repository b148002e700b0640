-- Removes jobs with their runs, also corrupt ones.
--
-- ARGV: ids
-- Returns a text with a character for each id: `1` if the job existed.
local headers = get_all(JOBS, ARGV)
local existed, jobs, seen = {}, {}, {}
for index, id in ipairs(ARGV) do
    local header = headers[index]
    existed[index] = header and not seen[id] and '1' or '0'
    if header and not seen[id] then
        seen[id] = true
        -- The entries of a corrupt job in the indexes are removed when they are found.
        local job = decode(id, header) or { [ID] = id, [OLD_NEXT_TIME] = NONE, [LIST] = '', [OLD_LIST] = '' }
        job[GONE] = true
        for run in string.gmatch(runs_of(job), '\30[^\30]*') do
            own(job, run, false)
        end
        jobs[#jobs + 1] = job
    end
end
save(jobs)
return table.concat(existed)
