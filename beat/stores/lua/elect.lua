-- ARGV: node, ttl (us). Takes the lease if nobody holds it. Returns {won, node, term, until, now}.
local node, ttl = ARGV[1], tonumber(ARGV[2])
local now = clock()
redis.call('ZADD', P .. 'nodes', now + 3 * ttl, node)
redis.call('ZREMRANGEBYSCORE', P .. 'nodes', '-inf', now)
local held = redis.call('HMGET', P .. 'leader', 'node', 'term', 'until')
if tonumber(held[3] or 0) > now then return {0, held[1], tonumber(held[2]), tonumber(held[3]), now} end
local term = tonumber(held[2] or 0) + 1
redis.call('HSET', P .. 'leader', 'node', node, 'term', term, 'until', now + ttl)
return {1, node, term, now + ttl, now}
