-- KEYS: record, lock. ARGV: fencing value, record, time to live in ms, owner.
-- Returns 1 if the record was written, 0 if there is one that is as new or newer.
if redis.call('GET', KEYS[2]) == ARGV[4] then
  redis.call('DEL', KEYS[2])
end
local record = redis.call('GET', KEYS[1])
if record then
  local written = tonumber(string.match(record, '^%d+|(%d+)|') or '0')
  if written >= tonumber(ARGV[1]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
