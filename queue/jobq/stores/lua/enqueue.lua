-- ARGV[1]: a msgpack array of jobs. Returns 1 or 0 for each.
local now = clock()
local answers = {}
local jobs = cmsgpack.unpack(ARGV[1])
for _, job in ipairs(jobs) do demand_room(job) end
for index, job in ipairs(jobs) do
  answers[index] = insert(job, now)
end
push_jobs()
push_tokens()
return answers
