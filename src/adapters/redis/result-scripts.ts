/**
 * The keys of one run: what waits to be read (a list), what readers hold (sorted by when that runs out), the texts, the
 * keys of all finished tasks, and whoever reads this run and no other. In braces they are in one slot of a Redis Cluster.
 */
export interface RunKeys {
  readonly waiting: string;
  readonly held: string;
  readonly results: string;
  readonly finished: string;
  readonly reader: string;
}

export function runKeysOf(run: string): RunKeys {
  const prefix = `{captcha:results:${run}}`;
  return {
    waiting: `${prefix}:waiting`,
    held: `${prefix}:held`,
    results: `${prefix}:results`,
    finished: `${prefix}:finished`,
    reader: `${prefix}:reader`,
  };
}

/** Every run that may have results, by when the last one was pushed. */
export const runsKey = 'captcha:results';

/**
 * KEYS: finished, results, waiting. ARGV: how long a finished task is remembered, then keys and texts by turns. Answers 1
 * for each that is the first of its task.
 */
export const pushScript = `
local firsts = {}
for i = 2, #ARGV, 2 do
  local first = redis.call('SADD', KEYS[1], ARGV[i])
  if first == 1 then
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
    redis.call('RPUSH', KEYS[3], ARGV[i])
  end
  firsts[#firsts + 1] = first
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return firsts`;

const readNow = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/**
 * KEYS: waiting, held, results, reader. ARGV: how many, how long they are held, the reader's name or nothing for one of all
 * runs, which keeps away from a run that is being read. What was held too long waits again, first of all. A key without
 * a text was acknowledged late. Answers keys and texts by turns.
 */
export const takeScript = `${readNow}
if ARGV[3] ~= '' then redis.call('SET', KEYS[4], ARGV[3], 'PX', ARGV[2])
elseif redis.call('EXISTS', KEYS[4]) == 1 then return {} end
local most = tonumber(ARGV[1])
for _, key in ipairs(redis.call('ZRANGE', KEYS[2], '-inf', now, 'BYSCORE', 'LIMIT', 0, most)) do
  redis.call('ZREM', KEYS[2], key)
  redis.call('LPUSH', KEYS[1], key)
end
local taken = {}
while #taken < 2 * most do
  local key = redis.call('LPOP', KEYS[1])
  if not key then break end
  local text = redis.call('HGET', KEYS[3], key)
  if text then
    redis.call('ZADD', KEYS[2], now + ARGV[2], key)
    taken[#taken + 1] = key
    taken[#taken + 1] = text
  end
end
return taken`;

/** KEYS: held, reader. ARGV: how long, the reader's name or nothing, then the keys. */
export const renewScript = `${readNow}
if ARGV[2] ~= '' then redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[1]) end
for i = 3, #ARGV do redis.call('ZADD', KEYS[1], 'XX', now + ARGV[1], ARGV[i]) end
return 1`;

/** KEYS: held, results. ARGV: the keys. Answers 1 for each that was still there. */
export const ackScript = `
local known = {}
for i = 1, #ARGV do
  redis.call('ZREM', KEYS[1], ARGV[i])
  known[i] = redis.call('HDEL', KEYS[2], ARGV[i])
end
return known`;

/** KEYS: waiting, held, reader. ARGV: the reader's name, then the keys. */
export const handBackScript = `
for i = 2, #ARGV do
  if redis.call('ZREM', KEYS[2], ARGV[i]) == 1 then redis.call('LPUSH', KEYS[1], ARGV[i]) end
end
if redis.call('GET', KEYS[3]) == ARGV[1] then redis.call('DEL', KEYS[3]) end
return 1`;

/** KEYS: all runs. ARGV: the run, and the moment since when it must have had no push, epoch ms. */
export const forgetScript = `
local last = redis.call('ZSCORE', KEYS[1], ARGV[1])
if last and tonumber(last) < tonumber(ARGV[2]) then redis.call('ZREM', KEYS[1], ARGV[1]) end
return 1`;
