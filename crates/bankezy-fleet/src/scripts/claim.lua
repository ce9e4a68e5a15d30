-- KEYS: record, lock, fence. ARGV: owner, time limit in ms, how long the fence is kept in ms, 1 to go without the lock.
-- Returns the fencing value of the claim, or 0 if another process has the lock.
if ARGV[4] ~= '1' and not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 0
end
local fence = tonumber(redis.call('GET', KEYS[3]) or '0') or 0
local record = redis.call('GET', KEYS[1])
if record then
  -- A counter that was lost must not fall behind the record that it guards.
  local written = tonumber(string.match(record, '^%d+|(%d+)|') or '0')
  if written > fence then fence = written end
end
fence = fence + 1
redis.call('SET', KEYS[3], string.format('%d', fence), 'PX', ARGV[3])
return fence
