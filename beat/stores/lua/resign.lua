-- ARGV: node, term. Ends the lease if it is held under this term, and wakes the others. Returns 1 or 0.
local node, term = ARGV[1], tonumber(ARGV[2])
local held = redis.call('HMGET', P .. 'leader', 'node', 'term')
redis.call('ZREM', P .. 'nodes', node)
if held[1] ~= node or tonumber(held[2]) ~= term then return 0 end
redis.call('HSET', P .. 'leader', 'until', 0)
redis.call('PUBLISH', P .. 'beat', 'resigned')
return 1
