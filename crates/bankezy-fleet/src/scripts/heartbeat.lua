-- KEYS: members, reports. ARGV: member, report, time to live in ms.
-- Keeps a report until its time, by this server's clock.
heal(KEYS[1], 'zset')
heal(KEYS[2], 'hash')
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now))
-- The longest heartbeat is a day, and a member lives for three: a later end was set by somebody else, or before this
-- server's clock was set back.
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%d', now + 3 * 24 * 60 * 60 * 1000), '+inf')) do
  gone[#gone + 1] = member
end
for _, member in ipairs(gone) do
  redis.call('ZREM', KEYS[1], member)
  redis.call('HDEL', KEYS[2], member)
end
redis.call('ZADD', KEYS[1], string.format('%d', now + tonumber(ARGV[3])), ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return #gone
