-- KEYS: lock. ARGV: owner.
heal(KEYS[1], 'string')
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
