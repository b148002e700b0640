-- Reads a part of the list of jobs.
--
-- ARGV: position after which it begins (a member of `order`, or empty), number of jobs, maximum size of the definitions
-- Returns for each job: position, header, definition; and an empty text at the end if the end of the list was reached.
local limit, left = tonumber(ARGV[2]), tonumber(ARGV[3])
local from = ARGV[1] == '' and '-' or '(' .. ARGV[1]
local members = call('ZRANGEBYLEX', ORDER, from, '+', 'LIMIT', 0, limit)
local ids, rows = {}, {}
for index, member in ipairs(members) do
    ids[index] = sub(member, 18)
end
local headers = get_all(JOBS, ids)
for index, id in ipairs(ids) do
    local header = headers[index]
    if header then
        rows[#rows + 1] = members[index]
        rows[#rows + 1] = header
        local definition = call('HGET', DEFINITIONS, id) or ''
        rows[#rows + 1] = definition
        left = left - #definition
        if left < 0 and index < #ids then
            return rows
        end
    end
end
if #members < limit then
    rows[#rows + 1] = ''
elseif #rows == 0 then
    -- All of them are left over from corrupt jobs: the caller continues after them.
    rows = { members[#members], '', '' }
end
return rows
