-- After since.lua. KEYS: members, reports, newest. ARGV: ring, key, 1 to go without the reports, when the caller's key was named,
-- the caller, its time to live in ms.
-- Names the key that a ring seals with, if all live members that have the ring report the key. Returns how many do not, or
-- -1 if there may be members that the store has forgotten.
heal(KEYS[3], 'hash')
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
-- Two values: whether the member lacks the key, and its life.
local function read(report)
  local decoded = cjson.decode(report)
  -- The longest heartbeat is a day.
  local life = math.min(tonumber(decoded.lives) or 0, 3 * 24 * 60 * 60 * 1000)
  local keys = decoded.rings[ARGV[1]]
  if not keys then return false, life end
  for _, key in ipairs(keys) do
    if key == ARGV[2] then return false, life end
  end
  return true, life
end
local missing = 0
if ARGV[3] ~= '1' then
  local longest = tonumber(ARGV[6])
  local is_listed = false
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%d', now), '+inf')) do
    if member == ARGV[5] then
      -- After a pause of nearly two heartbeats others may have been taken for gone.
      local last = tonumber(redis.call('ZSCORE', KEYS[1], member)) - tonumber(ARGV[6])
      is_listed = now - last <= 0.6 * tonumber(ARGV[6])
    end
    -- What cannot be read says of no key that it is there.
    local is_read, is_missing, life = pcall(read, redis.call('HGET', KEYS[2], member))
    if not is_read or is_missing then missing = missing + 1 end
    if is_read then longest = math.max(longest, life) end
  end
  -- Within the longest life every member that is there reports again.
  local since = since_of(KEYS[2])
  local is_settled = is_listed and since and since <= now and now - since >= longest
  if missing == 0 and not is_settled then return -1 end
end
if missing == 0 then
  -- Later than every name before, also if this server's clock was set back, or two keys are named at once.
  local written = string.match(redis.call('HGET', KEYS[3], ARGV[1]) or '', '^(%d+)|')
  if written and #written <= 14 then now = math.max(now, math.min(tonumber(written), 89999999999998) + 1) end
  now = math.max(now, tonumber(ARGV[4]) + 1)
  redis.call('HSET', KEYS[3], ARGV[1], string.format('%d', now) .. '|' .. ARGV[2])
end
return missing
