-- ARGV[1]: id. Returns 1, or 0 if the job is unknown or has not ended.
local state = fields(job_key(ARGV[1]), 'state')[1]
if state ~= 'completed' and state ~= 'failed' and state ~= 'cancelled' then return 0 end
demand('ZRANGE', P .. 'failed', 0, 0)
redis.call('ZREM', P .. 'failed', ARGV[1])
return redis.call('UNLINK', job_key(ARGV[1]))
