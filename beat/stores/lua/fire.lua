-- ARGV: term, msgpack array of firings {name, seen_fire, revision, next_fire, ticks}, history records to keep.
-- Returns -1 if the term is over, else for each firing 1 or 0 for each tick, whether its job was inserted, or nil
-- where the entry was not as seen. The argument is at the head of beat/store.py.
local term, keep = tonumber(ARGV[1]), tonumber(ARGV[3])
local now = clock()
local held = redis.call('HMGET', P .. 'leader', 'term', 'until')
if tonumber(held[1]) ~= term or tonumber(held[2]) <= now then return -1 end

local function deal_with(name, tick)
  local verdict, reason = tick[2], tick[3]
  if verdict == 'enqueued' then
    local job = tick[5]
    if not (has_place(job[2], job[3]) and sound('SADD', P .. 'queues', job[2])) then
      verdict, reason = 'skipped', 'a key of its queue is of another type in the store'
    elseif insert(job, now) == 0 then
      verdict, reason = 'skipped', 'a job of this id is known already'
    end
  end
  record(name, tick, verdict, reason, now, keep)
  return verdict == 'enqueued' and 1 or 0
end

local answers, due = {}, {}
for index, firing in ipairs(cmsgpack.unpack(ARGV[2])) do
  local name, next_fire, ticks = firing[1], firing[4], firing[5]
  local key = P .. 'entry:' .. name
  local entry = fields(key, 'next_fire', 'revision', 'runs')
  local as_seen = tonumber(entry[1]) == firing[2] and whole(entry[2]) == firing[3]
  local last = ticks[#ticks]
  local taken = as_seen and (not last or math.max(last[1], last[4]) <= now)
  answers[index] = false
  if taken then
    local enqueued = {}
    local runs, last_fire = whole(entry[3]), firing[2]
    for place, tick in ipairs(ticks) do
      enqueued[place] = deal_with(name, tick)
      runs = runs + enqueued[place]
      last_fire = math.max(tick[1], tick[4])
    end
    answers[index] = enqueued
    redis.call('HSET', key, 'next_fire', next_fire, 'last_fire', last_fire, 'runs', runs)
    if next_fire > 0 then
      due[#due + 1] = next_fire
      due[#due + 1] = name
    else
      redis.call('ZREM', P .. 'due', name)
    end
  end
end
in_chunks('ZADD', P .. 'due', due)
push_jobs()
push_tokens()
return answers
