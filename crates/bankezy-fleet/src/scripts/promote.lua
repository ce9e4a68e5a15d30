-- After since.lua and named.lua. KEYS: members, reports, newest. ARGV: ring, key, 1 to go without the reports, when the key
-- was named that it is to take the place of, the caller, its time to live in ms.
-- Names the key that a ring seals with, if all live members that have the ring report the key. Returns how many do not,
-- -1 if there may be members that the store has forgotten, or -2 if another key was named meanwhile.
heal(KEYS[1], 'zset')
heal(KEYS[2], 'hash')
heal(KEYS[3], 'hash')
local now = server_time()
local lives = tonumber(ARGV[6])
local at, name = named_of(KEYS[3], ARGV[1])
-- A call can arrive late, and must not undo a newer one.
if at and at > tonumber(ARGV[4]) and string.match(name, '^%d+|(.*)$') ~= ARGV[2] then return -2 end
-- Whether the member lacks the key, its life, and when the key was named that it seals with.
local function read(report)
  local decoded = cjson.decode(report)
  local life = math.min(tonumber(decoded.lives) or 0, longest_life)
  local named = tonumber((decoded.named or {})[ARGV[1]]) or 0
  if named >= beyond then named = 0 end
  local keys = decoded.rings[ARGV[1]]
  if not keys then return false, life, named end
  for _, key in ipairs(keys) do
    if key == ARGV[2] then return false, life, named end
  end
  return true, life, named
end
local missing, longest, latest, is_listed = 0, lives, 0, false
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%d', now), '+inf')) do
  if member == ARGV[5] then
    is_listed = not is_late(tonumber(redis.call('ZSCORE', KEYS[1], member)), lives, now)
  end
  -- What cannot be read says of no key that it is there.
  local is_read, is_missing, life, named = pcall(read, redis.call('HGET', KEYS[2], member))
  if not is_read or is_missing then missing = missing + 1 end
  if is_read then longest, latest = math.max(longest, life), math.max(latest, named) end
end
if ARGV[3] ~= '1' then
  if missing > 0 then return missing end
  -- Within the longest life every member that is there reports again.
  local since = since_of(KEYS[2])
  local is_settled = is_listed and since and since <= now and now - since >= longest
  if not is_settled then return -1 end
end
-- Later than every name before, also if this server's clock was set back, or two keys are named at once.
now = math.min(math.max(now, (at or 0) + 1, latest + 1), beyond - 1)
redis.call('HSET', KEYS[3], ARGV[1], string.format('%d', now) .. '|' .. ARGV[2])
return 0
