-- ARGV[1]: msgpack array of {id, token}, the first to run first. Returns 1 or 0 for each.
local claims = cmsgpack.unpack(ARGV[1])
local answers = {}
demand('ZRANGE', P .. 'leases', 0, 0)
for _, claim in ipairs(claims) do
  local job = fields(job_key(claim[1]), 'queue', 'priority')
  demand_queue(place(job[1], job[2]))
end
for index = #claims, 1, -1 do
  local id, token = claims[index][1], claims[index][2]
  local job = fields(job_key(id), 'state', 'token', 'queue', 'priority', 'attempt')
  local held = job[1] == 'running' and natural(job[2]) == token
  if held then
    redis.call('ZREM', P .. 'leases', id)
    redis.call('HSET', job_key(id), 'attempt', math.max(0, natural(job[5]) - 1))
    local queue, priority = place(job[3], job[4])
    make_available(id, queue, priority, 'LPUSH')
  end
  answers[index] = held and 1 or 0
end
push_tokens()
return answers
