-- ARGV: a random number. Returns the one that was given first.
redis.call('SET', P .. 'identity', ARGV[1], 'NX')
return redis.call('GET', P .. 'identity')
