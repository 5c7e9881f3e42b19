-- ARGV: id, failure, seconds to keep. Returns 1, or 0 if the job is unknown, running or ended.
local id = ARGV[1]
local job = fields(job_key(id), 'state', 'queue', 'priority')
local queue, priority = place(job[2], job[3])
demand_ends()
demand_queue(queue, priority)
if job[1] == 'available' then
  redis.call('LREM', lane(queue, priority), 1, id)
elseif job[1] == 'scheduled' then
  redis.call('ZREM', scheduled_key(queue), id)
else
  return 0
end
finish(id, 'cancelled', ARGV[2], tonumber(ARGV[3]), clock(), 0)
add_totals()
return 1
