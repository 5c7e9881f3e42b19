-- What fire and change share: the history of ticks.

-- tick: {fire_time, verdict, reason, until, job}
local function record(name, tick, verdict, reason, now, keep)
  if keep <= 0 then return end
  local said = {
    '"fire_time":' .. int(tick[1]),
    '"verdict":"' .. verdict .. '"',
    '"recorded_at":' .. int(now),
  }
  if reason ~= '' then said[#said + 1] = '"reason":' .. cjson.encode(reason) end
  if tick[4] > 0 then said[#said + 1] = '"until":' .. int(tick[4]) end
  local key = P .. 'history:' .. name
  if not sound('LLEN', key) then redis.call('UNLINK', key) end
  if redis.call('LPUSH', key, '{' .. table.concat(said, ',') .. '}') > keep then
    redis.call('LTRIM', key, 0, keep - 1)
  end
end
