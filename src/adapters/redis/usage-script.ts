/**
 * The use of an account in one hour, as a Redis script, which runs atomically. It adds like `UsageSums`.
 *
 * KEYS: a hash. ARGV: `read`; or `add`, and JSON: `tasks`, a list of a name and its counts by field; `slots`, a list of a
 * number and its three times; `threads`; `keptMs`. Fields of the hash: `threads`, `s<slot>` with three numbers, and
 * `<field> <name>`. If there are too many names, further ones are counted under the name `other`. `read` returns the fields
 * and values of the hash.
 */
export const usageScript = `
if ARGV[1] == 'read' then return redis.call('HGETALL', KEYS[1]) end
local about = cjson.decode(ARGV[2])
local function whole(number) return string.format('%.0f', number) end
for _, task in ipairs(about.tasks) do
  local name, counts = task[1], task[2]
  if redis.call('HLEN', KEYS[1]) > about.maxFields and redis.call('HEXISTS', KEYS[1], 'submissions ' .. name) == 0 then
    name = about.other
  end
  for field, count in pairs(counts) do redis.call('HINCRBY', KEYS[1], field .. ' ' .. name, whole(count)) end
end
for _, slot in ipairs(about.slots) do
  local field, busy, full, work = 's' .. slot[1], slot[2], slot[3], slot[4]
  local before = redis.call('HGET', KEYS[1], field)
  if before then
    local a, b, c = string.match(before, '^(%d+) (%d+) (%d+)$')
    busy, full, work = busy + tonumber(a), math.max(full, tonumber(b)), math.max(work, tonumber(c))
  end
  redis.call('HSET', KEYS[1], field, whole(busy) .. ' ' .. whole(full) .. ' ' .. whole(work))
end
if about.threads then redis.call('HSET', KEYS[1], 'threads', whole(about.threads)) end
redis.call('PEXPIRE', KEYS[1], whole(about.keptMs))
return 1`;
