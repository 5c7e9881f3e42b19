-- ARGV[1]: msgpack array of trials {what is missing if its key or channel is refused, command, ...}, as redis_permissions.py
-- makes them. Returns what this user is not permitted: those, and the names of commands.
local function refusal(trial)
  local answer = redis.pcall(unpack(trial, 2))
  local said = type(answer) == 'table' and answer.err or ''
  for _, sign in ipairs({'NOPERM', 'The user executing the script', 'ACL failure'}) do
    if string.find(said, sign, 1, true) then
      -- "can't run this command" in 6.2, "no permissions to run the 'x' command" later
      return string.find(said, ' run th', 1, true) and trial[2] or trial[1]
    end
  end
end

local refused = {}
for index, trial in ipairs(cmsgpack.unpack(ARGV[1])) do
  refused[#refused + 1] = refusal(trial)
  if index == 1 and #refused > 0 then return refused end -- nothing is left behind that can't be removed
end
return refused
