-- After since.lua. KEYS: members, reports. ARGV: member, report, time to live in ms, number of the report.
-- Keeps a report until its time, by this server's clock. Returns the number of a newer one, or 0.
heal(KEYS[1], 'zset')
heal(KEYS[2], 'hash')
local function field_of(member, field)
  local report = redis.call('HGET', KEYS[2], member)
  local is_read, value = pcall(function() return tonumber(cjson.decode(report)[field]) end)
  return is_read and value
end
local now = server_time()
local lives = tonumber(ARGV[3])
local own_end = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '')
-- One that was late, over another connection, must not take the place of a newer one that counts.
local newest = own_end and own_end > now and field_of(ARGV[1], 'number')
if newest and newest > tonumber(ARGV[4]) then return math.min(newest, 1e15) end
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now))
local function life_of(member)
  local life = field_of(member, 'lives')
  return life and life >= 0 and math.min(life, longest_life) or longest_life
end
-- An end that is further off than a member's life was set before this server's clock was set back, or by somebody
-- else. Members that are there report again.
local was_set_back = false
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%d', now + lives + 1000), '+inf')) do
  local last = tonumber(redis.call('ZSCORE', KEYS[1], member))
  if last > now + life_of(member) + 1000 then
    was_set_back = true
    gone[#gone + 1] = member
  end
end
for _, member in ipairs(gone) do
  redis.call('ZREM', KEYS[1], member)
  redis.call('HDEL', KEYS[2], member)
end
if redis.call('ZCARD', KEYS[1]) == 0 then
  -- The first member, or the first after the store lost them, or after its clock was set forward.
  redis.call('DEL', KEYS[2])
end
local was_late = own_end and is_late(own_end, lives, now)
local since, run = since_of(KEYS[2])
if was_set_back or was_late or not since or since > now then
  since, run = now, '-'
end
if run == '-' then run = run_id() end
redis.call('HSET', KEYS[2], 'since', string.format('%d', since) .. ' ' .. run)
redis.call('ZADD', KEYS[1], string.format('%d', now + lives), ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return 0
