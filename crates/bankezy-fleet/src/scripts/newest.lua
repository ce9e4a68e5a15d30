-- KEYS: newest. ARGV: ring, when the caller's key was named or 0, that key.
-- Returns the name of the key that the ring seals with. If the store has lost it, or has an older one, the caller's is
-- written back: others would follow nothing, and newcomers begin with another key.
heal(KEYS[1], 'hash')
local found = redis.call('HGET', KEYS[1], ARGV[1])
local at = string.match(found or '', '^(%d+)|')
-- A time beyond these was not written by a fleet.
if not at or tonumber(at) >= 90000000000000 or tonumber(at) < tonumber(ARGV[2]) then
  if ARGV[2] == '0' then return found end
  found = ARGV[2] .. '|' .. ARGV[3]
  redis.call('HSET', KEYS[1], ARGV[1], found)
end
return found
