-- ARGV: node, term, ttl (us). Returns 1 if the lease was held and is extended, else 0.
local node, term, ttl = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local now = clock()
local held = redis.call('HMGET', P .. 'leader', 'node', 'term', 'until')
if held[1] ~= node or tonumber(held[2]) ~= term or tonumber(held[3]) <= now then return 0 end
redis.call('HSET', P .. 'leader', 'until', now + ttl, 'ttl', ttl)
redis.call('ZADD', P .. 'nodes', now + 3 * ttl, node)
return 1
