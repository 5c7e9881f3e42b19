-- What every script shares: the clock, and the one definition of how a job is stored.
-- The layout is stated at the head of redis.py. KEYS[1] is the namespace's prefix, "{name}:".
--
-- A script that fails half-way keeps what it wrote, so each one reads and judges before it writes. Numbers go
-- to commands as they are (17 digits); only text that is built here needs int(), for Lua prints 14.
--
-- Other programs write here too. A job's key of another type than a hash is no job; one of what all jobs share (a list
-- of a queue, the leases) is told before anything is written: demand(). No number and no name in a job's hash is believed
-- before whole() and place() have seen it.

local P = KEYS[1]

local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local function int(number)
  return string.format('%.0f', number)
end

-- One command for many values; Lua can unpack some thousands at once, and no more.
local function in_chunks(command, key, values)
  for first = 1, #values, 1000 do
    redis.call(command, key, unpack(values, first, math.min(first + 999, #values)))
  end
end

-- As lease_parts in jobq/store.py, where its meaning is argued.
local function lease_parts(lease)
  local third = math.floor(lease / 3)
  return lease - third, math.max(third, math.min(lease, 1000000))
end

-- A number that somebody wrote; 0 if it is not a whole one that instants and counts can have.
local function whole(value)
  local number = tonumber(value or 0)
  if not number or number ~= math.floor(number) or math.abs(number) > 253402300799999999 then return 0 end
  return number
end

-- One of digits alone, which is exact when 1 is added.
local function natural(value)
  local number = whole(string.match(value or '', '^%d+$'))
  return number < 2 ^ 52 and number or 0
end

-- The queue and the priority of a job's hash, as they are believed.
local function place(queue, priority)
  return queue or 'default', string.match(priority or '', '^%d$') or '5'
end

local function of_another_type(answer)
  return type(answer) == 'table' and answer.err and string.find(answer.err, 'WRONGTYPE', 1, true)
end

-- Some fields of a hash; none if its key is of another type.
local function fields(key, ...)
  local values = redis.pcall('HMGET', key, ...)
  if not values.err then return values end
  if of_another_type(values) then return {} end
  return redis.call('HMGET', key, ...) -- fails again, as it should
end

-- Whether a command that reads takes this key for what it should be.
local function sound(command, key, ...)
  return not of_another_type(redis.pcall(command, key, ...))
end

local demanded = {}

-- Fails if the key is of another type, and says which one it is.
local function demand(command, key, ...)
  if demanded[key] then return end
  if not sound(command, key, ...) then error('WRONGTYPE of the key ' .. key .. ' (' .. command .. ')', 0) end
  demanded[key] = true
end

local function job_key(id) return P .. 'job:' .. id end
local function lane(queue, priority) return P .. 'queue:' .. priority .. ':' .. queue end
local function scheduled_key(queue) return P .. 'scheduled:' .. queue end

-- What is asked of the shared keys before the first write.
local function demand_queue(queue, priority)
  demand('LLEN', lane(queue, priority))
  demand('ZRANGE', scheduled_key(queue), 0, 0)
  demand('LLEN', P .. 'wake:' .. queue)
end

local function demand_ends()
  demand('ZRANGE', P .. 'failed', 0, 0)
  demand('HMGET', P .. 'totals', 'failed')
end

-- When a lease was given last: none reaches further than its own length from there. Later than now, it says that the
-- clock was set back.
local function last_given()
  demand('HMGET', P .. 'clock', 'given')
  return natural(redis.call('HMGET', P .. 'clock', 'given')[1])
end

local function leases_given(now)
  redis.call('HSET', P .. 'clock', 'given', now)
end

local function has_place(queue, priority)
  return sound('LLEN', lane(queue, priority)) and sound('ZRANGE', scheduled_key(queue), 0, 0) and
    sound('LLEN', P .. 'wake:' .. queue)
end

-- Sleeping workers block on a list of tokens, one list a queue. A token is a hint: there is one for each new
-- job up to a bound, fetch removes them when it has emptied the queue and leaves one when it has not.
local MAX_TOKENS = 16
local woken = {}

local function wake(queue)
  woken[queue] = (woken[queue] or 0) + 1
end

local function push_tokens()
  for queue, wanted in pairs(woken) do
    local key = P .. 'wake:' .. queue
    for _ = redis.call('LLEN', key) + 1, math.min(wanted, MAX_TOKENS) do
      redis.call('RPUSH', key, '1')
    end
  end
end

local function make_available(id, queue, priority, side)
  redis.call('HSET', job_key(id), 'state', 'available')
  redis.call(side, lane(queue, priority), id)
  wake(queue)
end

local function schedule(id, queue, due)
  redis.call('HSET', job_key(id), 'state', 'scheduled', 'due', due)
  redis.call('ZADD', scheduled_key(queue), due, id)
  -- Whoever sleeps until the time that was first so far must look again.
  if redis.call('ZRANGE', scheduled_key(queue), 0, 0)[1] == id then wake(queue) end
end

local known_queues = {}

-- New jobs reach their queues together at the script's end: push_jobs.
local arrivals = {}

local function push_jobs()
  for key, ids in pairs(arrivals) do in_chunks('RPUSH', key, ids) end
end

local function demand_room(job)
  demand_queue(job[2], job[3])
  demand('SADD', P .. 'queues', job[2])
end

-- job: {id, queue, priority, message, due, delay}. Returns 1, or 0 if the id is known.
local function insert(job, now)
  local id, queue, priority = job[1], job[2], job[3]
  if redis.call('EXISTS', job_key(id)) == 1 then return 0 end
  if not known_queues[queue] then
    redis.call('SADD', P .. 'queues', queue)
    known_queues[queue] = true
  end
  local due = math.max(job[5], now + job[6])
  if due > now then
    redis.call('HSET', job_key(id), 'queue', queue, 'priority', priority, 'message', job[4], 'enqueued_at', now)
    schedule(id, queue, due)
  else
    redis.call('HSET', job_key(id), 'queue', queue, 'priority', priority, 'message', job[4], 'enqueued_at', now,
      'state', 'available')
    local key = lane(queue, priority)
    arrivals[key] = arrivals[key] or {}
    table.insert(arrivals[key], id)
    wake(queue)
  end
  return 1
end

local totals = {}

local function count(name)
  totals[name] = (totals[name] or 0) + 1
end

local function add_totals()
  for name, number in pairs(totals) do
    local before = natural(fields(P .. 'totals', name)[1])
    redis.call('HSET', P .. 'totals', name, before + number)
  end
end

-- keep: seconds; 0 forgets the job at once, -1 keeps it among the dead letters.
local function finish(id, state, payload, keep, now, dead_letter_seconds)
  local key = job_key(id)
  count(state)
  if keep == 0 then
    redis.call('UNLINK', key)
  else
    local field = state == 'completed' and 'result' or 'error'
    redis.call('HSET', key, 'state', state, field, payload, 'ended_at', now)
    if keep == -1 then
      keep = dead_letter_seconds
      redis.call('ZADD', P .. 'failed', now, id)
      redis.call('ZREMRANGEBYSCORE', P .. 'failed', '-inf', now - dead_letter_seconds * 1000000)
    end
    redis.call('EXPIRE', key, keep)
  end
  redis.call('PUBLISH', P .. 'ended:' .. id, state)
end
