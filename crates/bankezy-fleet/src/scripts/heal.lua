-- Before each script. A value of another type was not written by a fleet, and would be refused for ever: it goes.
local function heal(key, expected)
  local found = redis.call('TYPE', key).ok
  if found ~= expected and found ~= 'none' then redis.call('UNLINK', key) end
end
