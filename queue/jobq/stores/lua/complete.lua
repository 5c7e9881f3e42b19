-- ARGV: msgpack array of outcomes {id, token, state, payload, keep, message, due, delay, follow}, dead letter
-- seconds. Returns 1 or 0 for each. The job's end, its result and what follows are one step: nothing here can
-- fail between the first write and the last.
local dead_letter_seconds = tonumber(ARGV[2])
local now = clock()
local answers = {}
local over = {}

local function retry(id, job, outcome)
  count('retried')
  redis.call('HSET', job_key(id), 'error', outcome[4])
  if outcome[6] ~= '' then redis.call('HSET', job_key(id), 'message', outcome[6]) end
  local queue, priority = place(job[3], job[4])
  local due = math.max(outcome[7], now + outcome[8])
  if due > now then
    schedule(id, queue, due)
  else
    make_available(id, queue, priority, 'RPUSH')
  end
end

local outcomes = cmsgpack.unpack(ARGV[1])
demand('ZRANGE', P .. 'leases', 0, 0)
demand_ends()
for _, outcome in ipairs(outcomes) do
  if outcome[3] == 'scheduled' then
    local job = fields(job_key(outcome[1]), 'queue', 'priority')
    demand_queue(place(job[1], job[2]))
  end
  for _, follower in ipairs(outcome[9]) do demand_room(follower) end
end

for index, outcome in ipairs(outcomes) do
  local id, token, state = outcome[1], outcome[2], outcome[3]
  local job = fields(job_key(id), 'state', 'token', 'queue', 'priority')
  local mine = natural(job[2]) == token
  answers[index] = 0
  if mine and job[1] == 'running' then
    answers[index] = 1
    over[#over + 1] = id
    if state == 'scheduled' then
      retry(id, job, outcome)
    else
      finish(id, state, outcome[4], outcome[5], now, dead_letter_seconds)
    end
    for _, follower in ipairs(outcome[9]) do insert(follower, now) end
  elseif mine and job[1] == state then
    answers[index] = 1 -- the same words again, after an answer that was lost
  end
end
in_chunks('ZREM', P .. 'leases', over)
push_jobs()
push_tokens()
add_totals()
return answers
