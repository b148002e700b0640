-- Reads history entries, newest first.
--
-- ARGV: `1` to read `history_jobs` or `0` to read `history_times`, length of the text before the key in a member, last and first
--       member as bounds of a range, number of entries
-- Returns for each entry: key, job and entry; and an empty text at the end if there are no further ones.
local index = ARGV[1] == '1' and HISTORY_JOBS or HISTORY_TIMES
local limit = tonumber(ARGV[5])
local keys = call('ZREVRANGEBYLEX', index, ARGV[3], ARGV[4], 'LIMIT', 0, limit)
for number, member in ipairs(keys) do
    keys[number] = sub(member, tonumber(ARGV[2]) + 1)
end
local entries, rows = get_all(HISTORY, keys), {}
for number, key in ipairs(keys) do
    rows[2 * number - 1], rows[2 * number] = key, entries[number] or ''
end
if #keys < limit then
    rows[#rows + 1] = ''
end
return rows
