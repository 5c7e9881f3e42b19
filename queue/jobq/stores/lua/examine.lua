-- ARGV[1]: msgpack array of commands, each an array of words. Runs them on a key that belongs to nobody, and returns the
-- names of those that this user may not run: a script that fails half-way for the lack of one would keep what it wrote.
local key = P .. 'wake:' -- of the queue without a name, which there can't be
local refused = {}
for _, words in ipairs(cmsgpack.unpack(ARGV[1])) do
  local answer = redis.pcall(words[1], key, unpack(words, 2))
  local said = type(answer) == 'table' and answer.err or ''
  for _, sign in ipairs({'NOPERM', 'The user executing the script', 'ACL failure'}) do
    if string.find(said, sign, 1, true) then
      refused[#refused + 1] = words[1]
      break
    end
  end
end
return refused
