-- ARGV[1]: msgpack array of {id, message}; an empty message leaves the stored one. Returns 1 or 0 for each.
local answers = {}
local all_wanted = cmsgpack.unpack(ARGV[1])
demand('ZRANGE', P .. 'failed', 0, 0)
for _, wanted in ipairs(all_wanted) do
  local job = fields(job_key(wanted[1]), 'queue', 'priority')
  demand_queue(place(job[1], job[2]))
end
for index, wanted in ipairs(all_wanted) do
  local id, message = wanted[1], wanted[2]
  local key = job_key(id)
  local job = fields(key, 'state', 'queue', 'priority')
  answers[index] = 0
  if job[1] == 'failed' then
    answers[index] = 1
    redis.call('ZREM', P .. 'failed', id)
    redis.call('PERSIST', key)
    redis.call('HDEL', key, 'error', 'ended_at', 'started_at', 'lost', 'attempt', 'worker')
    if message ~= '' then redis.call('HSET', key, 'message', message) end
    local queue, priority = place(job[2], job[3])
    make_available(id, queue, priority, 'RPUSH')
  end
end
push_tokens()
return answers
