-- KEYS: record, lock. ARGV: fencing value, record, time to live in ms, owner, tag of the record that
-- its process refused.
-- Returns 1 if the record was written, 0 if there is one that is as new or newer.
for _, key in ipairs(KEYS) do heal(key, 'string') end
if redis.call('GET', KEYS[2]) == ARGV[4] then
  redis.call('DEL', KEYS[2])
end
-- One with more digits was not written by a fleet, and nothing would be newer than it.
local written, tag = string.match(redis.call('GETRANGE', KEYS[1], 0, 127), '^%d+|(%d+)|(%x*)')
local is_newer = written and #written <= 15 and tonumber(written) >= tonumber(ARGV[1])
-- Without a claim there is no fencing value to compare: one that ends sooner is older.
if ARGV[1] == '0' and redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then is_newer = false end
if is_newer and tag ~= ARGV[5] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
