/** Fractional milliseconds on the Redis server's clock, which is the reference. */
export const serverClock = `
local time = redis.call('TIME')
local clockMs = time[1] * 1000 + time[2] / 1000`;

/**
 * The bucket of a fleet, as a Redis script, which runs atomically.
 *
 * It is `RetryBudgetState` with the same arithmetic: two buckets, `funded` and `ceiling`, and a token must be in both.
 * Leased tokens occupy their place in both until the lease ends, so that stored and leased tokens together never exceed
 * `burst`. Hence in any t seconds at most `burst + maxRetriesPerSecond·t` tokens are used, whenever the leased ones
 * are. If the server's clock is set back, time continues from its latest value.
 *
 * KEYS: a hash. ARGV: the action (talk, look, reset); ratio (empty: fixed bucket), minRetriesPerSecond,
 * maxRetriesPerSecond and burst, which apply if there is no hash yet; accepted, refused, quietMs, surplus, leaseMs,
 * epoch, promisedMs; then the maximum wait of every request, -1 for no limit. Returns two lists: facts as text, and for
 * every request 1 or 0 and its wait, -1 for never.
 *
 * If a host knows another epoch, Redis has lost a bucket. The new bucket's initial tokens are then removed, once. It
 * grants nothing for leaseMs, in which every lease of the old bucket ends and every host with promised tokens reports
 * until when it waits, and nothing before the last of these times: the old bucket's refill up to then was already
 * promised.
 */
export const bucketScript = `
local unitsPerToken, longestTtlMs, keptMs = 1000000, 2592000000, 60000
local doing, accepted, refused = ARGV[1], tonumber(ARGV[6]), tonumber(ARGV[7])
local quietMs, surplus, leaseMs = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local knownEpoch, promisedMs = ARGV[11], tonumber(ARGV[12])
local asks = #ARGV - 12
local text = function(number) return number == math.huge and '-1' or string.format('%.17g', number) end
${serverClock}

local hash = {}
local stored = redis.call('HGETALL', KEYS[1])
for i = 1, #stored, 2 do hash[stored[i]] = stored[i + 1] end
local isNew = hash.latestMs == nil or doing == 'reset'
if isNew then
  hash = {
    ratio = ARGV[2], minRetriesPerSecond = ARGV[3], maxRetriesPerSecond = ARGV[4], burst = ARGV[5], epoch = hash.epoch
  }
end
local epoch = hash.epoch or text(clockMs)
local count = function(name, initially) return tonumber(hash[name] or initially) end
local skewMs, latestMs = count('skewMs', 0), count('latestMs', clockMs)
if clockMs + skewMs < latestMs then skewMs = latestMs - clockMs end
local nowMs = clockMs + skewMs

local ratio, perSecond = tonumber(hash.ratio), tonumber(hash.maxRetriesPerSecond)
local funding = ratio and math.min(tonumber(hash.minRetriesPerSecond), perSecond) or perSecond
local capacity = math.floor(tonumber(hash.burst) * unitsPerToken + 0.5)
local function bucket(name, refillPerSecond)
  return {
    refillPerMs = refillPerSecond * (unitsPerToken / 1000),
    units = count(name .. 'Units', capacity), countedToMs = count(name .. 'CountedToMs', nowMs)
  }
end
local funded, ceiling = bucket('funded', funding), bucket('ceiling', perSecond)

local held, leases = 0, {}
local function refilled(b, atMs)
  if atMs <= b.countedToMs then return b.units, b.countedToMs end
  return math.min(capacity - held, b.units + (atMs - b.countedToMs) * b.refillPerMs), atMs
end
local function refill(b, atMs) b.units, b.countedToMs = refilled(b, atMs) end
local function waitForTokenMs(b)
  local units, countedToMs = refilled(b, nowMs)
  local aheadMs, missing = countedToMs - nowMs, unitsPerToken - units
  if missing <= 0 then return aheadMs end
  if b.refillPerMs == 0 then return math.huge end
  return aheadMs + math.ceil(missing / b.refillPerMs)
end
local function nextTokenInMs() return math.max(waitForTokenMs(funded), waitForTokenMs(ceiling)) end
local function withdraw(b, atMs)
  refill(b, atMs)
  b.units = b.units - unitsPerToken
end
local function balanceOf(b)
  local units, countedToMs = refilled(b, nowMs)
  return (units - (countedToMs - nowMs) * b.refillPerMs) / unitsPerToken
end

for endsMs, tokens in string.gmatch(hash.leases or '', '([^:]+):(%d+) ') do
  leases[#leases + 1] = { endsMs = tonumber(endsMs), tokens = tonumber(tokens) }
  held = held + tokens * unitsPerToken
end
table.sort(leases, function(a, b) return a.endsMs < b.endsMs end)
while leases[1] and leases[1].endsMs <= nowMs do
  refill(funded, leases[1].endsMs)
  refill(ceiling, leases[1].endsMs)
  held = held - leases[1].tokens * unitsPerToken
  table.remove(leases, 1)
end

local settledMs = count('settledMs', 0)
if doing == 'talk' and knownEpoch ~= '' and knownEpoch ~= epoch then
  local isFirst = settledMs == 0
  if isFirst then settledMs = nowMs + leaseMs end
  for _, b in ipairs({ funded, ceiling }) do
    refill(b, nowMs)
    if isFirst then b.units = b.units - capacity end
    b.countedToMs = math.max(b.countedToMs, settledMs, nowMs + promisedMs)
  end
end
local settlingMs = math.max(0, settledMs - nowMs)

if accepted > 0 then
  refill(funded, nowMs)
  local deposit = math.floor((ratio or 0) * unitsPerToken + 0.5) * accepted
  funded.units = math.min(capacity - held, funded.units + deposit)
end

local granted, waits = 0, {}
for i = 1, asks do
  local mostMs, waitMs = tonumber(ARGV[12 + i]), nextTokenInMs()
  local isGranted = settlingMs == 0 and waitMs ~= math.huge and (mostMs == -1 or waitMs <= mostMs)
  if isGranted then
    withdraw(funded, nowMs + waitMs)
    withdraw(ceiling, nowMs + waitMs)
    granted = granted + 1
  -- A caller that can wait asks again when it has settled.
  elseif settlingMs == 0 or (mostMs ~= -1 and mostMs < settlingMs) then refused = refused + 1 end
  waits[#waits + 1] = isGranted and '1' or '0'
  waits[#waits + 1] = text(waitMs)
end

-- A quarter of what is there, so that the others are left more.
local leased = settlingMs > 0 and 0 or math.min(surplus, math.floor(math.min(balanceOf(funded), balanceOf(ceiling)) / 4))
if leased > 0 then
  for _, b in ipairs({ funded, ceiling }) do
    refill(b, nowMs)
    b.units = b.units - leased * unitsPerToken
  end
  held = held + leased * unitsPerToken
  leases[#leases + 1] = { endsMs = nowMs + leaseMs, tokens = leased }
  granted = granted + leased
else leased = 0 end

local quietUntilMs = math.max(count('quietUntilMs', 0), quietMs > 0 and nowMs + quietMs or 0)
local counts = {
  accepted = count('accepted', 0) + accepted, granted = count('granted', 0) + granted, refused = count('refused', 0) + refused
}

if doing ~= 'look' then
  local out = ''
  for _, lease in ipairs(leases) do out = out .. text(lease.endsMs) .. ':' .. lease.tokens .. ' ' end
  if isNew then redis.call('DEL', KEYS[1]) end
  redis.call('HSET', KEYS[1],
    'ratio', hash.ratio, 'minRetriesPerSecond', hash.minRetriesPerSecond,
    'maxRetriesPerSecond', hash.maxRetriesPerSecond, 'burst', hash.burst,
    'epoch', epoch, 'settledMs', text(settledMs), 'skewMs', text(skewMs), 'latestMs', text(nowMs), 'quietUntilMs', text(quietUntilMs), 'leases', out,
    'fundedUnits', text(funded.units), 'fundedCountedToMs', text(funded.countedToMs),
    'ceilingUnits', text(ceiling.units), 'ceilingCountedToMs', text(ceiling.countedToMs),
    'accepted', counts.accepted, 'granted', counts.granted, 'refused', counts.refused)
  local fullInMs = math.max(quietUntilMs - nowMs, held > 0 and leaseMs or 0)
  for _, b in ipairs({ funded, ceiling }) do
    local missing = capacity - b.units
    if missing > 0 then fullInMs = math.max(fullInMs, b.countedToMs - nowMs + missing / b.refillPerMs) end
  end
  redis.call('PEXPIRE', KEYS[1], string.format('%d', math.min(longestTtlMs, math.ceil(fullInMs) + keptMs)))
end

return {
  {
    hash.ratio, hash.minRetriesPerSecond, hash.maxRetriesPerSecond, hash.burst,
    text(math.min(balanceOf(funded), balanceOf(ceiling))), text(nextTokenInMs()), text(held / unitsPerToken),
    text(math.max(0, quietUntilMs - nowMs)), text(counts.accepted), text(counts.granted), text(counts.refused), text(leased),
    epoch, text(settlingMs)
  },
  waits
}`;
