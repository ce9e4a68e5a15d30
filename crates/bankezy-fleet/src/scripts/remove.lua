-- KEYS: record. ARGV: tag. Removes the record if it still has this tag.
heal(KEYS[1], 'string')
local record = redis.call('GETRANGE', KEYS[1], 0, 127)
if string.match(record, '^%d+|%d+|(%x+)|') == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
