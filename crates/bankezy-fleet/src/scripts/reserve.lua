-- KEYS: count, budgets. ARGV: messages, limit, time to live in ms, name among the budgets.
-- Returns the total, this share included, and 1 if it was reserved.
local total = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
if total + tonumber(ARGV[1]) > tonumber(ARGV[2]) then
  return {total, 0}
end
total = redis.call('INCRBY', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[2], ARGV[4], ARGV[2])
end
return {total, 1}
