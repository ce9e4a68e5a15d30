-- After named.lua. KEYS: newest. ARGV: ring, when the caller's key was named or 0, that key.
-- Returns the name of the key that the ring seals with. If the store has lost it, or has an older one, the caller's is
-- written back: others would follow nothing, and newcomers begin with another key.
heal(KEYS[1], 'hash')
local at, name = named_of(KEYS[1], ARGV[1])
if ARGV[2] ~= '0' and (not at or at < tonumber(ARGV[2])) then
  name = ARGV[2] .. '|' .. ARGV[3]
  redis.call('HSET', KEYS[1], ARGV[1], name)
end
return name
