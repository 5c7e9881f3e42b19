-- ARGV: limit. Returns {now, next_at, name, next_fire, revision, name, ...}: what is due, earliest first, and
-- when the first is due that is not among them (0: none).
local limit = tonumber(ARGV[1])
local now = clock()
local answer = {now, 0}
local due = redis.call('ZRANGEBYSCORE', P .. 'due', '-inf', now, 'WITHSCORES', 'LIMIT', 0, limit)
for index = 1, #due, 2 do
  local revision = fields(P .. 'entry:' .. due[index], 'revision')[1]
  if revision then
    answer[#answer + 1] = due[index]
    answer[#answer + 1] = tonumber(due[index + 1])
    answer[#answer + 1] = whole(revision)
  else
    redis.call('ZREM', P .. 'due', due[index])
  end
end
local following = redis.call('ZRANGE', P .. 'due', (#answer - 2) / 3, (#answer - 2) / 3, 'WITHSCORES')
answer[2] = tonumber(following[2] or 0)
return answer
