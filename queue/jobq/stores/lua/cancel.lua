-- ARGV: id, failure, seconds to keep. Returns 1, or 0 if the job is unknown, running or ended.
local id = ARGV[1]
local job = fields(job_key(id), 'state', 'queue', 'priority')
demand_ends()
if job[1] == 'available' then
  demand_queue(job[2], job[3])
  redis.call('LREM', lane(job[2], job[3]), 1, id)
elseif job[1] == 'scheduled' then
  demand_queue(job[2], job[3])
  redis.call('ZREM', scheduled_key(job[2]), id)
else
  return 0
end
finish(id, 'cancelled', ARGV[2], tonumber(ARGV[3]), clock(), 0)
add_totals()
return 1
