-- ARGV: node, ttl (us). Takes the lease if nobody holds it. Returns {won, node, term, until, now}.
local node, ttl = ARGV[1], tonumber(ARGV[2])
local now = clock()
redis.call('ZADD', P .. 'nodes', now + 3 * ttl, node)
redis.call('ZREMRANGEBYSCORE', P .. 'nodes', '-inf', now)
local held = redis.call('HMGET', P .. 'leader', 'node', 'term', 'until', 'ttl')
local last_term, ends = tonumber(held[2] or 0), tonumber(held[3] or 0)
-- A lease that reaches further than its own length is the trace of a clock that was set back. One that is cut to
-- its length is renewed in time by a leader that lives, and does not keep the seat of one that died.
local longest = now + tonumber(held[4] or 0)
if ends > longest then
  ends = longest
  redis.call('HSET', P .. 'leader', 'until', ends)
end
if ends > now then return {0, held[1], last_term, ends, now} end
redis.call('HSET', P .. 'leader', 'node', node, 'term', last_term + 1, 'until', now + ttl, 'ttl', ttl)
return {1, node, last_term + 1, now + ttl, now}
