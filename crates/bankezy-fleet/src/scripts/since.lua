-- The longest heartbeat is a day.
local longest_life = 3 * 24 * 60 * 60 * 1000
-- Whether the last report of a member was nearly two heartbeats ago: others may have been taken for gone, or end before they
-- report, since the store or the member stood still.
local function is_late(own_end, lives, now)
  return now - (own_end - lives) > 0.6 * lives
end
local function run_id()
  -- Users can be denied INFO.
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and string.match(info, 'run_id:(%x+)') or '-'
end
-- The field `since` of the reports: the time since when no member can have been forgotten, and the run of the server that
-- wrote it. Another run may have begun with an older state.
local function since_of(reports)
  local time, run = string.match(redis.call('HGET', reports, 'since') or '', '^(%d+) ([%x-]+)$')
  local mine = run_id()
  local is_this_run = run == mine or run == '-' or mine == '-'
  return time and #time <= 15 and is_this_run and tonumber(time) or nil, run
end
