-- KEYS: members, reports, newest. ARGV: ring, key, 1 to go without the reports, when the caller's key was named.
-- Names the key that a ring seals with, if all live members that have the ring report the key. Returns how many do not.
heal(KEYS[3], 'hash')
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function lacks(report)
  local keys = cjson.decode(report).rings[ARGV[1]]
  if not keys then return false end
  for _, key in ipairs(keys) do
    if key == ARGV[2] then return false end
  end
  return true
end
local missing = 0
if ARGV[3] ~= '1' then
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%d', now), '+inf')) do
    local report = redis.call('HGET', KEYS[2], member)
    if report then
      -- What cannot be read says of no key that it is there.
      local is_read, is_missing = pcall(lacks, report)
      if not is_read or is_missing then missing = missing + 1 end
    end
  end
end
if missing == 0 then
  -- Later than every name before, also if this server's clock was set back, or two keys are named at once.
  local written = string.match(redis.call('HGET', KEYS[3], ARGV[1]) or '', '^(%d+)|')
  if written and #written <= 15 then now = math.max(now, tonumber(written) + 1) end
  now = math.max(now, tonumber(ARGV[4]) + 1)
  redis.call('HSET', KEYS[3], ARGV[1], string.format('%d', now) .. '|' .. ARGV[2])
end
return missing
