import { serverClock } from './budget-script.ts';

/**
 * The hold and the limits of a fleet, as a Redis script, which runs atomically. It is `SubmissionRules` with the same
 * arithmetic. If the server's clock is set back, time continues from its latest value. A counted ticket is kept for a minute
 * in a key of its own.
 *
 * KEYS: a hash. ARGV: the action (look, count, give-back, hold, release, replace) and its arguments as JSON. Returns JSON:
 * `counted` and `atMs` or `refused` (the index of a limit; 0 for the hold) for `count`, `wasHeld` for `release`, and for
 * every action `hold` and `limits`. An empty list is written as an empty object.
 */
export const submissionScript = `
local slotsPerWindow, ticketMs = 100, 60000
local doing, about = ARGV[1], cjson.decode(ARGV[2])
${serverClock}
local text = function(number) return string.format('%.17g', number) end
local stored = redis.call('GET', KEYS[1])
local state = stored and cjson.decode(stored) or { ledgers = {} }
local skewMs, latestMs = tonumber(state.skewMs or 0), tonumber(state.latestMs or clockMs)
if clockMs + skewMs < latestMs then skewMs = latestMs - clockMs end
local nowMs = clockMs + skewMs

local ledgers = {}
for _, ledger in ipairs(state.ledgers) do
  ledger.from, ledger.found = ledger.from or '', ledger.found or ''
  ledgers[#ledgers + 1] = ledger
end
local function ledgerOf(limit, slots)
  return {
    label = limit.label, count = limit.count, windowMs = limit.windowMs, from = limit.from, found = limit.found, slots = slots
  }
end
local function slotMsOf(ledger) return ledger.windowMs / slotsPerWindow end
local function endOf(ledger, slot) return slot * slotMsOf(ledger) + ledger.windowMs end
local function isSame(a, b) return a.label == b.label and a.windowMs == b.windowMs and a.found == b.found end
local function known(limit)
  for _, ledger in ipairs(ledgers) do if isSame(ledger, limit) then return ledger end end
end
local function drop(ledger)
  local living = {}
  for _, slot in ipairs(ledger.slots) do
    if slot[2] > 0 and endOf(ledger, slot[1]) > nowMs then living[#living + 1] = slot end
  end
  ledger.slots = living
end
local function usedOf(ledger)
  local used = 0
  for _, slot in ipairs(ledger.slots) do used = used + slot[2] end
  return used
end
local function roomInMs(ledger)
  local used = usedOf(ledger)
  if used < ledger.count then return 0 end
  for _, slot in ipairs(ledger.slots) do
    used = used - slot[2]
    if used < ledger.count then return endOf(ledger, slot[1]) - nowMs end
  end
  return 0
end
local function applies(ledger)
  return (ledger.label == '' or ledger.label == about.label) and (ledger.found == '' or ledger.found == about.found)
end

local hold = state.hold
if hold and hold.untilMs ~= '' and tonumber(hold.untilMs) <= nowMs then hold = nil end
local answer = {}

if doing == 'replace' then
  local kept = {}
  for _, limit in ipairs(about.limits) do
    local before = known(limit)
    kept[#kept + 1] = ledgerOf(limit, before and before.slots or {})
  end
  ledgers = kept
elseif doing == 'count' and #about.limits > 0 then
  local used = {}
  for _, ledger in ipairs(ledgers) do
    drop(ledger)
    if ledger.found == '' or #ledger.slots > 0 then used[#used + 1] = ledger end
  end
  ledgers = used
  for _, limit in ipairs(about.limits) do
    local own = known(limit)
    if not own then ledgers[#ledgers + 1] = ledgerOf(limit, {})
    elseif limit.count < own.count then own.count, own.from = limit.count, limit.from end
  end
elseif doing == 'hold' then
  hold = {
    by = about.by, why = about.why, sinceMs = text(nowMs), untilMs = about.forMs == '' and '' or text(nowMs + about.forMs)
  }
elseif doing == 'release' then
  answer.wasHeld = hold ~= nil
  hold = nil
end
for _, ledger in ipairs(ledgers) do drop(ledger) end

if doing == 'count' then
  local longestMs, refused = 0, nil
  for i, ledger in ipairs(ledgers) do
    if applies(ledger) and roomInMs(ledger) > longestMs then longestMs, refused = roomInMs(ledger), i end
  end
  if hold then refused = 0 end
  local ticketKey = about.ticket ~= '' and KEYS[1] .. ':' .. about.ticket
  local countedAt = ticketKey and not hold and redis.call('GET', ticketKey)
  if countedAt then refused = nil end
  answer.counted = refused == nil
  answer.refused = refused
  answer.atMs = countedAt or text(nowMs)
  if answer.counted and ticketKey then redis.call('SET', ticketKey, answer.atMs, 'PX', ticketMs) end
  for _, ledger in ipairs(ledgers) do
    if answer.counted and not countedAt and applies(ledger) then
      local slot, last = math.ceil(nowMs / slotMsOf(ledger)), ledger.slots[#ledger.slots]
      if last and last[1] == slot then last[2] = last[2] + 1 else table.insert(ledger.slots, { slot, 1 }) end
    end
  end
elseif doing == 'give-back' then
  for _, ledger in ipairs(ledgers) do
    local at = math.ceil(tonumber(about.atMs) / slotMsOf(ledger))
    for _, slot in ipairs(ledger.slots) do
      if applies(ledger) and slot[1] == at then slot[2] = slot[2] - 1 end
    end
    drop(ledger)
  end
end

if doing ~= 'look' then
  local longestMs = 0
  for _, ledger in ipairs(ledgers) do longestMs = math.max(longestMs, 2 * ledger.windowMs) end
  local untilMs = hold and (hold.untilMs == '' and math.huge or tonumber(hold.untilMs) - nowMs) or 0
  local keptMs = math.max(longestMs, untilMs)
  local written = cjson.encode({ skewMs = text(skewMs), latestMs = text(nowMs), hold = hold, ledgers = ledgers })
  if keptMs == 0 then redis.call('DEL', KEYS[1])
  elseif keptMs == math.huge then redis.call('SET', KEYS[1], written)
  else redis.call('SET', KEYS[1], written, 'PX', string.format('%d', math.ceil(keptMs) + 60000)) end
end

answer.limits = {}
for i, ledger in ipairs(ledgers) do
  answer.limits[i] = {
    label = ledger.label, count = ledger.count, windowMs = ledger.windowMs, from = ledger.from, found = ledger.found,
    used = usedOf(ledger),
    roomInMs = text(roomInMs(ledger))
  }
end
if hold then
  answer.hold = {
    by = hold.by, why = hold.why, heldMs = text(nowMs - tonumber(hold.sinceMs)),
    leftMs = hold.untilMs == '' and '' or text(tonumber(hold.untilMs) - nowMs)
  }
end
return cjson.encode(answer)`;
