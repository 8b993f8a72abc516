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

const defined = new WeakSet<IRedisClient>();

function withScripts(client: IRedisClient): IRedisClient {
  if (defined.has(client)) return client;
  client.defineCommand('captchaAreKnown', { numberOfKeys: 1, lua: areKnown });
  client.defineCommand('captchaSaveData', { numberOfKeys: 1, lua: saveData });
  client.defineCommand('captchaFindOpen', { numberOfKeys: 1, lua: findOpen });
  client.defineCommand('captchaNameData', { numberOfKeys: 1, lua: nameData });
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
