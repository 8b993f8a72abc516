import type { IRedisClient } from 'bullmq';

/**
 * Which ids have a job in any state. KEYS[1]: any key of the queue, for the cluster. ARGV: the prefix of the jobs'
 * keys, then the ids. Returns 1 or 0 per id.
 */
const areKnown = `
local known = {}
for i = 2, #ARGV do known[#known + 1] = redis.call('EXISTS', ARGV[1] .. ARGV[i]) end
return known`;

/**
 * Writes job data, unless another worker has received the job; BullMQ's own command does not check that. KEYS[1]: any
 * key of the queue, for the cluster. ARGV: the prefix of the jobs' keys, then per job its id, the holder, the delivery
 * number, the data, and the lock token, which may be empty to check only for another delivery. Returns 1 per written
 * job, otherwise 0.
 */
const saveData = `
local saved = {}
for i = 2, #ARGV, 5 do
  local job = ARGV[1] .. ARGV[i]
  local last = redis.call('HMGET', job, 'pb', 'ats')
  local is_ours = last[1] == ARGV[i + 1] and last[2] == ARGV[i + 2]
  if is_ours and ARGV[i + 4] ~= '' then is_ours = redis.call('GET', job .. ':lock') == ARGV[i + 4] end
  if is_ours then redis.call('HSET', job, 'data', ARGV[i + 3]) end
  saved[#saved + 1] = is_ours and 1 or 0
end
return saved`;

/**
 * Whether each id has an unfinished job. KEYS[1]: the completed jobs. ARGV: the prefix of the jobs' keys, then the ids.
 */
const findOpen = `
local open = {}
for i = 2, #ARGV do
  local is_open = redis.call('EXISTS', ARGV[1] .. ARGV[i]) == 1 and not redis.call('ZSCORE', KEYS[1], ARGV[i])
  open[#open + 1] = is_open and 1 or 0
end
return open`;

/** Names the data of a queue once. KEYS[1]: the name. ARGV: the name to set if there is none. Returns the name. */
const nameData = `
redis.call('SETNX', KEYS[1], ARGV[1])
return redis.call('GET', KEYS[1])`;

/**
 * Dead-letters a job that BullMQ may be unable to read. KEYS: active, failed, stalled. ARGV: the prefix of the jobs'
 * keys, the lock token, the reason, the time. Returns the id; nothing if no active job has this token.
 */
const setAside = `
for _, id in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local job = ARGV[1] .. id
  if redis.call('GET', job .. ':lock') == ARGV[2] then
    redis.call('LREM', KEYS[1], 0, id)
    redis.call('SREM', KEYS[3], id)
    redis.call('DEL', job .. ':lock')
    redis.call('HSET', job, 'failedReason', ARGV[3], 'finishedOn', ARGV[4])
    redis.call('ZADD', KEYS[2], ARGV[4], id)
    return id
  end
end
return false`;

/** Takes one delivery back. KEYS[1]: the job. ARGV: the lock token. Returns 1 if the caller holds the job. */
const uncount = `
if redis.call('GET', KEYS[1] .. ':lock') ~= ARGV[1] then return 0 end
redis.call('HINCRBY', KEYS[1], 'ats', -1)
return 1`;

/**
 * Dead letters. KEYS[1]: the failed jobs. ARGV: the prefix of the jobs' keys, the maximum number, then ids; without ids
 * the most recent ones. Returns for each its id, data, reason and deliveries.
 */
const readDead = `
local ids = {}
if #ARGV == 2 then ids = redis.call('ZREVRANGE', KEYS[1], 0, ARGV[2] - 1) end
for i = 3, #ARGV do if redis.call('ZSCORE', KEYS[1], ARGV[i]) then ids[#ids + 1] = ARGV[i] end end
local found = {}
for _, id in ipairs(ids) do
  local job = redis.call('HMGET', ARGV[1] .. id, 'data', 'failedReason', 'ats')
  found[#found + 1] = id
  for i = 1, 3 do found[#found + 1] = job[i] or '' end
end
return found`;

/** When the oldest waiting job was queued. KEYS[1]: the waiting jobs. ARGV: the prefix of the jobs' keys. */
const oldestWaiting = `
local id = redis.call('LINDEX', KEYS[1], -1)
return id and redis.call('HGET', ARGV[1] .. id, 'timestamp') or false`;

const defined = new WeakSet<IRedisClient>();

function withScripts(client: IRedisClient): IRedisClient {
  if (defined.has(client)) return client;
  client.defineCommand('captchaAreKnown', { numberOfKeys: 1, lua: areKnown });
  client.defineCommand('captchaSaveData', { numberOfKeys: 1, lua: saveData });
  client.defineCommand('captchaFindOpen', { numberOfKeys: 1, lua: findOpen });
  client.defineCommand('captchaNameData', { numberOfKeys: 1, lua: nameData });
  client.defineCommand('captchaSetAside', { numberOfKeys: 3, lua: setAside });
  client.defineCommand('captchaUncount', { numberOfKeys: 1, lua: uncount });
  client.defineCommand('captchaReadDead', { numberOfKeys: 1, lua: readDead });
  client.defineCommand('captchaOldest', { numberOfKeys: 1, lua: oldestWaiting });
  defined.add(client);
  return client;
}

interface QueueKeys {
  toKey(type: string): string;
}

/** The ids that the queue does not know yet. */
export async function unknownJobs(
  client: IRedisClient,
  queue: QueueKeys,
  ids: readonly string[],
): Promise<readonly string[]> {
  const keys = [queue.toKey('meta'), queue.toKey('')];
  const known = (await withScripts(client).runCommand('captchaAreKnown', [...keys, ...ids])) as number[];
  return ids.filter((_, index) => known[index] === 0);
}

/** For each id, whether its job is waiting, active or dead-lettered. */
export async function findOpenJobs(
  client: IRedisClient,
  queue: QueueKeys,
  ids: readonly string[],
): Promise<readonly boolean[]> {
  const keys = [queue.toKey('completed'), queue.toKey('')];
  const answer = (await withScripts(client).runCommand('captchaFindOpen', [...keys, ...ids])) as number[];
  return answer.map((isOpen) => isOpen === 1);
}

/** The name of a queue's data; it changes when the data is lost. `name` is used if there is none. */
export async function nameOfData(client: IRedisClient, queue: QueueKeys, name: string): Promise<string> {
  return String(await withScripts(client).runCommand('captchaNameData', [queue.toKey('data'), name]));
}

export interface SaveRequest {
  readonly id: string;
  readonly holder: string;
  readonly delivery: number;
  readonly data: string;
  /** Null to check only that no other worker has received the job. */
  readonly token: string | null;
}

/** Returns 1 per written job, and 0 for a job that another worker has received or may receive at any moment. */
export async function saveJobData(
  client: IRedisClient,
  queue: QueueKeys,
  requests: readonly SaveRequest[],
): Promise<readonly number[]> {
  const args = requests.flatMap(({ id, holder, delivery, data, token }) => [id, holder, delivery, data, token ?? '']);
  const keys = [queue.toKey('meta'), queue.toKey('')];
  return (await withScripts(client).runCommand('captchaSaveData', [...keys, ...args])) as number[];
}

/** Dead-letters the active job with this lock token. Returns its id; null if there is none. */
export async function setAsideJob(
  client: IRedisClient,
  queue: QueueKeys,
  { token, reason }: { readonly token: string; readonly reason: string },
): Promise<string | null> {
  const keys = [queue.toKey('active'), queue.toKey('failed'), queue.toKey('stalled')];
  const args = [queue.toKey(''), token, reason, Date.now()];
  return (await withScripts(client).runCommand('captchaSetAside', [...keys, ...args])) as string | null;
}

/** Takes the latest delivery of a held job back. */
export async function uncountDelivery(
  client: IRedisClient,
  queue: QueueKeys,
  { id, token }: { readonly id: string; readonly token: string },
): Promise<void> {
  await withScripts(client).runCommand('captchaUncount', [queue.toKey(id), token]);
}

/** A dead letter as it is stored. */
export interface DeadJob {
  readonly id: string;
  /** JSON, unless another program wrote it. */
  readonly data: string;
  readonly reason: string;
  readonly deliveries: number;
}

/** The dead letters with these ids; for null the most recent ones, up to `most`. */
export async function readDeadJobs(
  client: IRedisClient,
  queue: QueueKeys,
  { ids, most }: { readonly ids: readonly string[] | null; readonly most: number },
): Promise<readonly DeadJob[]> {
  if (ids?.length === 0) return [];
  const args = [queue.toKey('failed'), queue.toKey(''), most, ...(ids ?? [])];
  const found = (await withScripts(client).runCommand('captchaReadDead', args)) as string[];
  return Array.from({ length: found.length / 4 }, (_, index) => {
    const [id = '', data = '', reason = '', deliveries = ''] = found.slice(index * 4, index * 4 + 4);
    return { id, data, reason, deliveries: Number(deliveries) || 0 };
  });
}

/** When the oldest waiting job was queued, in epoch ms; null if none waits or that is unknown. */
export async function oldestTimestamp(client: IRedisClient, queue: QueueKeys): Promise<number | null> {
  const keys = [queue.toKey('wait'), queue.toKey('')];
  const found = (await withScripts(client).runCommand('captchaOldest', keys)) as string | null;
  const timestamp = Number(found ?? NaN);
  return Number.isFinite(timestamp) ? timestamp : null;
}

/** The ids of all dead letters. */
export async function failedIds(client: IRedisClient, queue: QueueKeys): Promise<readonly string[]> {
  return (await client.runCommand('zrange', [queue.toKey('failed'), '0', '-1'])) as string[];
}
