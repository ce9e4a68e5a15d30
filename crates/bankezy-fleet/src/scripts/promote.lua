-- KEYS: members, reports, newest. ARGV: ring, key, 1 to go without the reports.
-- Names the key that a ring seals with, if all live members that have the ring report the key. Returns how many do not.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local missing = 0
if ARGV[3] ~= '1' then
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%d', now), '+inf')) do
    local report = redis.call('HGET', KEYS[2], member)
    local keys = report and cjson.decode(report).rings[ARGV[1]]
    if keys then
      local has = false
      for _, key in ipairs(keys) do
        if key == ARGV[2] then has = true end
      end
      if not has then missing = missing + 1 end
    end
  end
end
if missing == 0 then
  redis.call('HSET', KEYS[3], ARGV[1], string.format('%d', now) .. '|' .. ARGV[2])
end
return missing
