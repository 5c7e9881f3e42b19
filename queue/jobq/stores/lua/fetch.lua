-- ARGV: msgpack array of queues, limit, lease (us), worker, MAX_LOST, failure of a lost job, dead letter seconds.
-- Returns {now, next_at, {id, queue, token, message, enqueued_at, attempt, lost}...}; next_at matters if nothing was claimed.
local queues = cmsgpack.unpack(ARGV[1])
local room = tonumber(ARGV[2])
local lease, worker = tonumber(ARGV[3]), ARGV[4]
local held = lease_parts(lease)
local max_lost, lost_failure, dead_letter_seconds = tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7])
local BATCH = 100 -- of what is promoted or reaped in one step; the rest follows in the next
local ORDER = 1000 -- leases that were given in one step expire some microseconds apart, in their order
local now = clock()

local function promote(queue)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', scheduled_key(queue), '-inf', now, 'LIMIT', 0, BATCH)) do
    redis.call('ZREM', scheduled_key(queue), id)
    local job = fields(job_key(id), 'state', 'priority')
    if job[1] == 'scheduled' then
      local _, priority = place(queue, job[2])
      make_available(id, queue, priority, 'RPUSH')
    end
  end
end

local function length_of(written)
  local length = natural(written)
  return length > 0 and length or lease
end

-- After the clock was set back: no lease reaches further than its own length from now.
local function cut()
  if last_given() <= now then return end
  local all = redis.call('ZRANGE', P .. 'leases', 0, -1, 'WITHSCORES')
  for index = 1, #all, 2 do
    local length = length_of(fields(job_key(all[index]), 'lease')[1])
    if tonumber(all[index + 1]) > now + length + ORDER then
      redis.call('ZADD', P .. 'leases', now + lease_parts(length), all[index])
    end
  end
  leases_given(now)
end

-- With one more than max_lost a worker is to end the job; with two, the worker that was to has died as well.
local function take_back(id, queue, priority, lost)
  count('lost')
  redis.call('HSET', job_key(id), 'lost', lost)
  if lost > max_lost + 1 then
    finish(id, 'failed', lost_failure, -1, now, dead_letter_seconds)
  else
    make_available(id, queue, priority, 'LPUSH')
  end
end

local function reap()
  local expired = redis.call('ZRANGEBYSCORE', P .. 'leases', '-inf', now, 'LIMIT', 0, BATCH)
  for index = #expired, 1, -1 do
    local id = expired[index]
    local job = fields(job_key(id), 'state', 'queue', 'priority', 'called', 'lease', 'lost')
    local queue, priority = place(job[2], job[3])
    local _, grace = lease_parts(length_of(job[5]))
    -- One whose queue is of another type waits where it is: those who serve the queue are told.
    if job[1] == 'running' and (job[4] ~= '1' or not has_place(queue, priority)) then
      redis.call('HSET', job_key(id), 'called', '1')
      redis.call('ZADD', P .. 'leases', now + grace + index, id)
    else
      redis.call('ZREM', P .. 'leases', id)
      if job[1] == 'running' then take_back(id, queue, priority, natural(job[6]) + 1) end
    end
  end
end

local answer = {now, 0}
local leases = {}

-- False if the job must wait for the next fetch: one that has outlived a worker may be what killed it, so it is
-- claimed alone, and nothing else dies with it.
local function claim(id, queue, priority)
  local key = job_key(id)
  local job = fields(key, 'state', 'token', 'attempt', 'message', 'enqueued_at', 'queue', 'priority', 'lost')
  if job[1] ~= 'available' then return true end
  local lost = natural(job[8])
  if lost > 0 then
    if #leases > 0 then return false end
    room = 1
  end
  -- Other languages write jobs too: what the other scripts rely on is made whole here, once.
  if job[6] ~= queue or not string.find(job[7] or '', '^%d$') then
    redis.call('HSET', key, 'queue', queue, 'priority', priority)
  end
  -- The time, so that the token is new even to a job that has taken the id of one that was forgotten.
  local token, attempt = math.max(natural(job[2]) + 1, now), natural(job[3]) + 1
  redis.call('HSET', key, 'state', 'running', 'token', token, 'attempt', attempt, 'worker', worker, 'started_at', now,
    'lease', lease, 'called', '')
  leases[#leases + 1] = now + held + #answer -- one apart, so that they expire in their order
  leases[#leases + 1] = id
  answer[#answer + 1] = {id, queue, token, job[4] or '', natural(job[5]), attempt, lost}
  room = room - 1
  return true
end

-- Before anything is written: nothing below may fail between a job's leaving its list and its lease.
local function look_at(queue)
  local lanes = {}
  for priority = 0, 9 do lanes[#lanes + 1] = lane(queue, priority) end
  if redis.call('EXISTS', unpack(lanes)) > 0 then
    for priority = 0, 9 do demand('LLEN', lane(queue, priority)) end
  end
  demand('ZRANGE', scheduled_key(queue), 0, 0)
  demand('LLEN', P .. 'wake:' .. queue)
end

local function drain(queue)
  for priority = 0, 9 do
    while room > 0 do
      local ids = redis.call('LPOP', lane(queue, priority), room)
      if not ids then break end
      for index, id in ipairs(ids) do
        if room == 0 or not claim(id, queue, priority) then
          room = 0
          for back = #ids, index, -1 do redis.call('LPUSH', lane(queue, priority), ids[back]) end
          break
        end
      end
    end
    if room == 0 then return end
  end
end

demand('ZRANGE', P .. 'leases', 0, 0)
demand_ends()
for _, queue in ipairs(queues) do look_at(queue) end
cut()
reap()
for _, queue in ipairs(queues) do
  promote(queue)
  if room > 0 then drain(queue) end
  if room > 0 then
    woken[queue] = nil
    redis.call('DEL', P .. 'wake:' .. queue)
  else
    wake(queue)
  end
end
if #leases > 0 then
  leases_given(now)
  in_chunks('ZADD', P .. 'leases', leases)
else
  local function sooner(key)
    local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
    local at = whole(first[2])
    if at ~= 0 and (answer[2] == 0 or at < answer[2]) then answer[2] = at end
  end
  sooner(P .. 'leases')
  for _, queue in ipairs(queues) do sooner(scheduled_key(queue)) end
end
push_tokens()
add_totals()
return answer
