-- ARGV: msgpack array of {id, token}, lease (us). Returns 1 or 0 for each.
local lease = tonumber(ARGV[2])
local now = clock()
local until_ = now + lease_parts(lease)
local answers = {}
demand('ZRANGE', P .. 'leases', 0, 0)
if last_given() < now then leases_given(now) end
for index, claim in ipairs(cmsgpack.unpack(ARGV[1])) do
  local job = fields(job_key(claim[1]), 'state', 'token')
  local held = job[1] == 'running' and natural(job[2]) == claim[2]
  if held then
    redis.call('ZADD', P .. 'leases', until_ + index, claim[1])
    redis.call('HSET', job_key(claim[1]), 'lease', lease, 'called', '')
  end
  answers[index] = held and 1 or 0
end
return answers
