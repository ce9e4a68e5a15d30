-- When the key was named that a ring seals with, and that name. None of one that no fleet wrote: it is longer, or of a time
-- beyond all.
local beyond = 90000000000000
local function named_of(newest, ring)
  if redis.call('HSTRLEN', newest, ring) > 1024 then return end
  local name = redis.call('HGET', newest, ring) or ''
  local at = tonumber(string.match(name, '^(%d+)|'))
  if at and at < beyond then return at, name end
end
