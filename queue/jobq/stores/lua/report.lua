-- ARGV: worker name, what it says of itself, how long to believe it (us; 0 removes it).
local name, ttl = ARGV[1], tonumber(ARGV[3])
local now = clock()
for _, silent in ipairs(redis.call('ZRANGEBYSCORE', P .. 'workers', '-inf', now)) do
  redis.call('ZREM', P .. 'workers', silent)
  redis.call('HDEL', P .. 'worker_info', silent)
end
if ttl > 0 then
  redis.call('ZADD', P .. 'workers', now + ttl, name)
  redis.call('HSET', P .. 'worker_info', name, ARGV[2])
else
  redis.call('ZREM', P .. 'workers', name)
  redis.call('HDEL', P .. 'worker_info', name)
end
return 1
