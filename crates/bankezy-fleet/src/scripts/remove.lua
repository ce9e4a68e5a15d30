-- KEYS: record. ARGV: tag. Removes the record if it still has this tag.
local record = redis.call('GET', KEYS[1])
if record and string.match(record, '^%d+|%d+|(%x+)|') == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
