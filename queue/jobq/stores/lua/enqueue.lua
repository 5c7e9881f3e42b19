-- ARGV[1]: a msgpack array of jobs. Returns 1 or 0 for each.
local now = clock()
local answers = {}
for index, job in ipairs(cmsgpack.unpack(ARGV[1])) do
  answers[index] = insert(job, now)
end
push_jobs()
push_tokens()
return answers
