-- ARGV[1]: msgpack array of names. Returns {name, source, definition, revision, anchor, next_fire, last_fire, runs}
-- for each entry that there is.
local answer = {}
for _, name in ipairs(cmsgpack.unpack(ARGV[1])) do
  local entry = fields(P .. 'entry:' .. name, 'source', 'definition', 'revision', 'anchor', 'next_fire',
    'last_fire', 'runs')
  if entry[2] and entry[3] then
    local row = {name, entry[1], entry[2]}
    for index = 3, 7 do row[index + 1] = whole(entry[index]) end
    answer[#answer + 1] = row
  end
end
return answer
