-- ARGV[1]: msgpack array of {id, message}; an empty message leaves the stored one. Returns 1 or 0 for each.
local answers = {}
for index, wanted in ipairs(cmsgpack.unpack(ARGV[1])) do
  local id, message = wanted[1], wanted[2]
  local key = job_key(id)
  local job = redis.call('HMGET', key, 'state', 'queue', 'priority')
  answers[index] = 0
  if job[1] == 'failed' then
    answers[index] = 1
    redis.call('ZREM', P .. 'failed', id)
    redis.call('PERSIST', key)
    redis.call('HDEL', key, 'error', 'ended_at', 'started_at', 'lost', 'attempt', 'worker')
    if message ~= '' then redis.call('HSET', key, 'message', message) end
    make_available(id, job[2], job[3], 'RPUSH')
  end
end
push_tokens()
return answers
