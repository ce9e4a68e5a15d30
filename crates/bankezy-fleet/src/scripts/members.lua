-- KEYS: members, reports. The live members, their reports, and for how many ms they still count, by this server's clock.
local is_whole = redis.call('TYPE', KEYS[1]).ok == 'zset' and redis.call('TYPE', KEYS[2]).ok == 'hash'
if not is_whole then return {} end
local now = server_time()
local found = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%d', now), '+inf')) do
  local left = tonumber(redis.call('ZSCORE', KEYS[1], member)) - now
  local report = redis.call('HGET', KEYS[2], member)
  if report then
    found[#found + 1] = {member, report, math.min(left, 1e15)}
  end
end
return found
