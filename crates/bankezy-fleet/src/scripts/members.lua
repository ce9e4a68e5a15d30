-- KEYS: members, reports. The live members and their reports, by this server's clock.
local is_whole = redis.call('TYPE', KEYS[1]).ok == 'zset' and redis.call('TYPE', KEYS[2]).ok == 'hash'
if not is_whole then return {} end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local found = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%d', now), '+inf')) do
  local report = redis.call('HGET', KEYS[2], member)
  if report then
    found[#found + 1] = member
    found[#found + 1] = report
  end
end
return found
