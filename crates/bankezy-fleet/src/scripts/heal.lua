-- Before each script. A value of another type was not written by a fleet, and would be refused for ever: it goes.
local function heal(key, expected)
  local found = redis.call('TYPE', key).ok
  if found ~= expected and found ~= 'none' then redis.call('UNLINK', key) end
end
-- In ms since 1970.
local function server_time()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
