-- KEYS: count, budgets, request. ARGV: messages, limit, time to live in ms, name among the budgets.
-- Returns the total, this share included, and 1 if it was reserved. A request whose answer was lost is repeated, and
-- counts once.
heal(KEYS[1], 'string')
heal(KEYS[2], 'hash')
-- A text that is no count, or one with more digits, was not written by a fleet: the count begins anew.
local written = redis.call('GETRANGE', KEYS[1], 0, 15)
if #written > 15 or not (written == '0' or string.match(written, '^[1-9]%d*$')) then
  redis.call('UNLINK', KEYS[1])
  written = '0'
end
local total = tonumber(written)
if redis.call('EXISTS', KEYS[3]) == 1 then
  return {total, 1}
end
if total + tonumber(ARGV[1]) > tonumber(ARGV[2]) then
  return {total, 0}
end
redis.call('SET', KEYS[3], '', 'PX', 24 * 60 * 60 * 1000)
total = redis.call('INCRBY', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[2], ARGV[4], ARGV[2])
  -- Those whose counts have ended.
  for _, name in ipairs(redis.call('HKEYS', KEYS[2])) do
    if redis.call('EXISTS', KEYS[2] .. ':' .. name) == 0 then redis.call('HDEL', KEYS[2], name) end
  end
end
return {total, 1}
