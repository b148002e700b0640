-- Reads history entries, newest first.
--
-- ARGV: `1` to read `history_jobs` or `0` to read `history`, length of the text before the key in a member, last and first
--       member as bounds of a range, number of entries
-- Returns for each entry: its key, and the rest of it, which is nil if there is no entry with this key; and an empty text at the
-- end if there are no further ones.
local limit, rows = tonumber(ARGV[5]), {}
local by_job, first = ARGV[1] == '1', tonumber(ARGV[2]) + 1
local members = call('ZREVRANGEBYLEX', by_job and HISTORY_JOBS or HISTORY, ARGV[3], ARGV[4], 'LIMIT', 0, limit)
for number, member in ipairs(members) do
    local key = sub(member, first, first + ENTRY_KEY - 1)
    local entry = member
    if by_job then
        entry = find_entry(key)
    end
    rows[2 * number - 1], rows[2 * number] = key, entry and sub(entry, ENTRY_KEY + 1) or false
end
if #members < limit then
    rows[#rows + 1] = ''
end
return rows
