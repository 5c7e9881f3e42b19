-- ARGV: msgpack array of changes {name, source, definition, seen_revision, anchor, next_fire, skipped, seen_fire},
-- history records to keep, seconds to keep the history of what was removed. Returns 1 or 0 for each.
local keep, keep_removed = tonumber(ARGV[2]), tonumber(ARGV[3])
local now = clock()
local answers = {}

local function first_due()
  return tonumber(redis.call('ZRANGE', P .. 'due', 0, 0, 'WITHSCORES')[2]) or math.huge
end

-- A new entry starts above the revisions of all that were removed, so that nobody takes it for one of the same name
-- that he has seen.
local function retired()
  return whole(redis.call('GET', P .. 'retired'))
end

local function remove(name, was)
  local revision, source = whole(was[1]), was[2]
  if revision > retired() then redis.call('SET', P .. 'retired', revision) end
  redis.call('UNLINK', P .. 'entry:' .. name)
  redis.call('ZREM', P .. 'due', name)
  redis.call('SREM', P .. 'entries', name)
  if source then redis.call('SREM', P .. 'source:' .. source, name) end
end

local function put(name, change, was)
  local source, next_fire, revision = change[2], change[6], whole(was[1])
  if was[2] and was[2] ~= source then redis.call('SREM', P .. 'source:' .. was[2], name) end
  if not was[1] then redis.call('UNLINK', P .. 'entry:' .. name) end -- whatever may be there, it is no entry
  redis.call('HSET', P .. 'entry:' .. name, 'source', source, 'definition', change[3],
    'revision', (revision > 0 and revision or retired()) + 1, 'anchor', change[5], 'next_fire', next_fire)
  redis.call('SADD', P .. 'entries', name)
  redis.call('SADD', P .. 'source:' .. source, name)
  redis.call('PERSIST', P .. 'history:' .. name)
  if next_fire > 0 then
    redis.call('ZADD', P .. 'due', next_fire, name)
  else
    redis.call('ZREM', P .. 'due', name)
  end
end

local before = first_due()
for index, change in ipairs(cmsgpack.unpack(ARGV[1])) do
  local name = change[1]
  local was = fields(P .. 'entry:' .. name, 'revision', 'source', 'next_fire', 'last_fire')
  local as_seen = whole(was[1]) == change[4] and whole(was[3]) == change[8]
  for _, tick in ipairs(change[7]) do
    as_seen = as_seen and math.max(tick[1], tick[4]) <= now -- else the clock was set back since it was decided
  end
  local last_fire = whole(was[4])
  answers[index] = as_seen and 1 or 0
  if as_seen then
    if change[3] == '' then
      if was[1] then remove(name, was) end
    else
      put(name, change, was)
    end
    for _, tick in ipairs(change[7]) do
      record(name, tick, tick[2], tick[3], now, keep)
      last_fire = math.max(last_fire, tick[1], tick[4])
    end
    if was[1] and change[3] ~= '' and last_fire > 0 then redis.call('HSET', P .. 'entry:' .. name, 'last_fire', last_fire) end
    if change[3] == '' then redis.call('EXPIRE', P .. 'history:' .. name, keep_removed) end
  end
end
for _, answer in ipairs(answers) do
  if answer == 1 then
    redis.call('INCR', P .. 'changes')
    break
  end
end
if first_due() < before then redis.call('PUBLISH', P .. 'beat', 'changed') end
return answers
