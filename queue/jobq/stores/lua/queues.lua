-- Returns {queue, available, scheduled}... and, last, the queue names of all running jobs.
local answer = {}
for _, queue in ipairs(redis.call('SMEMBERS', P .. 'queues')) do
  local available = 0
  for priority = 0, 9 do available = available + redis.call('LLEN', lane(queue, priority)) end
  answer[#answer + 1] = {queue, available, redis.call('ZCARD', scheduled_key(queue))}
end
local running = {}
for _, id in ipairs(redis.call('ZRANGE', P .. 'leases', 0, -1)) do
  running[#running + 1] = fields(job_key(id), 'queue')[1] or ''
end
answer[#answer + 1] = running
return answer
