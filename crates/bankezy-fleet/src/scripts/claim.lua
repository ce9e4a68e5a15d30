-- KEYS: record, lock, fence. ARGV: owner, time limit in ms, how long the fence is kept in ms, 1 to take the lock from whoever has it.
-- Returns the fencing value of the claim, or 0 if another process has the lock.
for _, key in ipairs(KEYS) do heal(key, 'string') end
if ARGV[4] == '1' then
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
elseif not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then
  -- A lock without an end, or with one far off, was not taken by a fleet: it gets the end of one that was.
  local left = redis.call('PTTL', KEYS[2])
  if left < 0 or left > 10 * tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end
  return 0
end
-- One with more digits was not written by a fleet, and nothing would be newer than it.
local function fence_in(text, pattern)
  local digits = string.match(text or '', pattern)
  if digits and #digits <= 15 then return tonumber(digits) end
  return 0
end
local fence = fence_in(redis.call('GET', KEYS[3]) or '', '^%d+$')
-- A counter that was lost must not fall behind the record that it guards.
local written = fence_in(redis.call('GETRANGE', KEYS[1], 0, 63), '^%d+|(%d+)|')
if written > fence then fence = written end
fence = fence + 1
redis.call('SET', KEYS[3], string.format('%d', fence), 'PX', ARGV[3])
return fence
