-- ARGV: queue, how many at the most. Forgets available and scheduled jobs. Returns how many there were.
local queue, room = ARGV[1], tonumber(ARGV[2])
local gone = 0

local function forget(ids)
  for _, id in ipairs(ids) do redis.call('UNLINK', job_key(id)) end
  gone = gone + #ids
  room = room - #ids
end

for priority = 0, 9 do
  if room > 0 then forget(redis.call('LPOP', lane(queue, priority), room) or {}) end
end
if room > 0 then
  local ids = redis.call('ZRANGE', scheduled_key(queue), 0, room - 1)
  if #ids > 0 then redis.call('ZREM', scheduled_key(queue), unpack(ids)) end
  forget(ids)
end
return gone
