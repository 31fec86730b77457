-- One look of one process at the gate of one endpoint: what it did since the last look, and what it may do now.
--
-- KEYS: gate (breaker and pause), processes (who holds and wants how much), minute (requests and tokens by second).
-- ARGV: the look as JSON, and the channel on which others are told to look, too.
-- Everything here may vanish at any time: an empty gate is an open one, and every look says again what its process
-- has in flight.
local q = cjson.decode(ARGV[1])
local gate, processes, minute = KEYS[1], KEYS[2], KEYS[3]
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1e6
local tell = false

local function stamp(time) return string.format('%.3f', time) end

-- ── the breaker ────────────────────────────────────────────────────────────────────────────────────
local names = {'until', 'since', 'opens', 'error', 'probe', 'probe_until', 'pause_until', 'pause', 'streak', 'streak_at'}
local h = {}
for i, value in ipairs(redis.call('HMGET', gate, unpack(names))) do h[names[i]] = value or nil end

local function forget(...)
  redis.call('HDEL', gate, ...)
  for _, name in ipairs({...}) do h[name] = nil end
end

local function set(name, value)
  redis.call('HSET', gate, name, value)
  h[name] = value
end

local function open(opens)
  set('opens', opens)
  set('since', h.since or stamp(now))
  set('until', stamp(now + math.min(q.pause * 2 ^ (opens - 1), q.longest_pause)))
  set('error', q.error)
  forget('probe', 'probe_until', 'streak', 'streak_at')
  redis.call('DEL', gate .. ':tally')
  tell = true
end

if q.probe ~= '' and h.probe == q.me then
  if q.probe == 'answered' then
    forget('until', 'since', 'opens', 'error', 'probe', 'probe_until')
    tell = true
  elseif q.probe == 'failed' then
    open((tonumber(h.opens) or 0) + 1)
  elseif q.probe == 'dropped' then
    forget('probe', 'probe_until')
    tell = true
  else
    set('probe_until', stamp(now + q.lease))
  end
end

-- Failures in a row, or the larger part of many calls: both within the window.
local function tally()
  local name, width = gate .. ':tally', q.window / 6
  local slot = math.floor(now / width)
  if q.answered > 0 then redis.call('HINCRBY', name, 'a' .. slot, q.answered) end
  if q.failed > 0 then redis.call('HINCRBY', name, 'f' .. slot, q.failed) end
  redis.call('EXPIRE', name, math.ceil(q.window * 2))
  local sums, all = {a = 0, f = 0}, redis.call('HGETALL', name)
  for i = 1, #all, 2 do
    if tonumber(string.sub(all[i], 2)) <= slot - 6 then
      redis.call('HDEL', name, all[i])
    else
      local what = string.sub(all[i], 1, 1)
      sums[what] = sums[what] + tonumber(all[i + 1])
    end
  end
  return sums
end

if not h['until'] and q.failures > 0 and q.answered + q.failed > 0 then
  local sums = tally()
  local fresh = q.answered == 0 and now - (tonumber(h.streak_at) or 0) < q.window
  local streak = (fresh and tonumber(h.streak) or 0) + q.trailing
  if q.failed > 0 then
    local many = sums.a + sums.f >= q.enough and sums.f * 100 >= q.percent * (sums.a + sums.f)
    set('streak', streak)
    set('streak_at', stamp(now))
    if streak >= q.failures or many then open(1) end
  elseif h.streak then
    forget('streak', 'streak_at')
  end
end

if q.retry_after > 0 and now + q.retry_after > (tonumber(h.pause_until) or 0) then
  set('pause_until', stamp(now + q.retry_after))
  set('pause', q.error)
  tell = true
end

-- ── slots: who holds how many, and what is everybody's share ───────────────────────────────────────
local others, mine = {}, nil
local rows = redis.call('HGETALL', processes)
for i = 1, #rows, 2 do
  local one = cjson.decode(rows[i + 1])
  one.name = rows[i]
  if rows[i] == q.me then
    mine = one
  elseif one.till < now then
    redis.call('HDEL', processes, rows[i])
  else
    others[#others + 1] = one
  end
end

local demand, waits, held_by_others, least = 0, q.waits, 0, nil
for _, wish in ipairs(q.runs) do demand = demand + wish end
local all_demand, all_runs = demand, #q.runs
for _, one in ipairs(others) do
  for _, wish in ipairs(one.runs) do all_demand = all_demand + wish end
  all_runs = all_runs + #one.runs
  held_by_others = held_by_others + one.allow
  waits = waits + one.waits
  local awake = now - one.seen < 3  -- whoever waits looks several times a second
  if one.waits > 0 and awake and (least == nil or one.served < least) then least = one.served end
end

-- Starts for each run that wants any: whoever was served least comes first where less than one is to be had.
local served = (mine and mine.served or 0) + q.started / math.max(#q.runs, 1)
if least and not (mine and mine.waits > 0) then served = math.max(served, least) end

-- Every run gets the same, unless it wants less; what is left over goes to those who were served least.
local function shares()
  local wishes = {}
  for _, wish in ipairs(q.runs) do wishes[#wishes + 1] = {wish, q.me} end
  for _, one in ipairs(others) do
    for _, wish in ipairs(one.runs) do wishes[#wishes + 1] = {wish, one.name} end
  end
  table.sort(wishes, function(a, b) return a[1] < b[1] end)
  local share, left = {}, q.limit
  for i, wish in ipairs(wishes) do
    local part = math.min(wish[1], left / (#wishes - i + 1))
    share[wish[2]] = (share[wish[2]] or 0) + part
    left = left - part
  end
  local ranks, spare, credit = {}, q.limit, {[q.me] = served}
  for _, one in ipairs(others) do credit[one.name] = one.served end
  for name, part in pairs(share) do
    share[name] = math.floor(part + 1e-6)
    spare = spare - share[name]
    if part - share[name] > 1e-6 then ranks[#ranks + 1] = {name, credit[name]} end
  end
  table.sort(ranks, function(a, b) return a[2] < b[2] or (a[2] == b[2] and a[1] < b[1]) end)
  for i = 1, math.min(spare, #ranks) do share[ranks[i][1]] = share[ranks[i][1]] + 1 end
  return share
end

local free = q.limit - held_by_others
local target = demand
if all_demand > q.limit then
  target = shares()[q.me] or 0
elseif demand > 0 and not q.counted then
  target = demand + math.min(16, math.floor((q.limit - all_demand) / (2 * (#others + 1))))
end
local allow = math.max(q.used, math.min(target, free))
local short = allow < math.min(target, demand)

-- ── what is let through by the minute ──────────────────────────────────────────────────────────────
local go, rate_wait = -1, 0
local second = math.floor(now)
local pause = math.max((tonumber(h.pause_until) or 0) - now, 0)
if q.counted then
  local requests, tokens, oldest, kept = 0, 0, nil, redis.call('HGETALL', minute)
  for i = 1, #kept, 2 do
    local at = tonumber(string.sub(kept[i], 2))
    if at < second - 60 then
      redis.call('HDEL', minute, kept[i])
    else
      if oldest == nil or at < oldest then oldest = at end
      if string.sub(kept[i], 1, 1) == 'r' then
        requests = requests + tonumber(kept[i + 1])
      else
        tokens = tokens + tonumber(kept[i + 1])
      end
    end
  end
  tokens = math.max(tokens + q.settle, 0)
  if q.settle ~= 0 then redis.call('HINCRBY', minute, 't' .. second, q.settle) end
  local wanted = math.min(#q.asks, allow - q.used)
  local most = (h['until'] or pause > 0) and 0 or wanted
  local asked = tokens
  for _, ask in ipairs(q.asks) do asked = asked + ask end
  local scarce = q.rpm > 0 and q.rpm - requests < waits
  if scarce then most = math.min(most, math.ceil((q.rpm - requests) * #q.runs / math.max(all_runs, 1))) end
  if (scarce or (q.tpm > 0 and asked > q.tpm)) and least and served > least + 1 then most = 0 end
  go = 0
  local taken = 0
  while go < most do
    local ask = q.tpm > 0 and math.min(q.asks[go + 1], q.tpm) or 0
    if q.rpm > 0 and requests + 1 > q.rpm then break end
    if q.tpm > 0 and tokens + ask > q.tpm then break end
    requests, tokens, taken, go = requests + 1, tokens + ask, taken + ask, go + 1
  end
  if go > 0 then redis.call('HINCRBY', minute, 'r' .. second, go) end
  if taken > 0 then redis.call('HINCRBY', minute, 't' .. second, taken) end
  redis.call('EXPIRE', minute, 130)
  if go < wanted and oldest then rate_wait = oldest + 61 - now end
end

-- ── may anything go out at all? ────────────────────────────────────────────────────────────────────
local state, wait = '', 0
if h['until'] then
  if now < tonumber(h['until']) then
    state, wait = 'open', tonumber(h['until']) - now
  elseif h.probe and h.probe ~= q.me and tonumber(h.probe_until) > now then
    state, wait = 'probing', tonumber(h.probe_until) - now
  elseif h.probe == q.me then
    state, wait = 'probing', q.lease
  elseif q.waits > 0 then
    set('probe', q.me)
    set('probe_until', stamp(now + q.lease))
    state, allow = 'probe', math.max(allow, q.used + 1)
  end
end

-- ── remember, tell, answer ─────────────────────────────────────────────────────────────────────────
if mine and allow < mine.allow and waits > q.waits then tell = true end
-- Others are asked to give slots back once a second at most: who hears it looks, and may be short as well.
local nudged = mine and mine.nudged or 0
if short and now - nudged > 1 then tell, nudged = true, now end
if demand == 0 then
  redis.call('HDEL', processes, q.me)
else
  local row = {
    seen = now, till = now + q.lease, allow = allow, used = q.used, waits = q.waits, runs = q.runs, served = served,
    nudged = nudged,
  }
  redis.call('HSET', processes, q.me, cjson.encode(row))
end
redis.call('EXPIRE', gate, 86400)
redis.call('EXPIRE', processes, 3600)
if tell then redis.call('PUBLISH', ARGV[2], q.endpoint .. ' ' .. q.me) end
return cjson.encode({
  allow = allow, share = math.max(target, state == 'probe' and 1 or 0), tight = all_demand >= q.limit, go = go, rate_wait = rate_wait, state = state, wait = wait,
  pause = pause, error = h.error or '', paused = h.pause or '', opens = tonumber(h.opens) or 0,
})
