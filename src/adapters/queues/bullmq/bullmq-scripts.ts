import type { IRedisClient } from 'bullmq';

/**
 * Which of the ids have a job, in whatever state. KEYS[1]: any key of the queue, for the cluster. ARGV: the prefix of the
 * jobs' keys, then the ids. Answers 1 for each that has.
 */
const areKnown = `
local known = {}
for i = 2, #ARGV do known[#known + 1] = redis.call('EXISTS', ARGV[1] .. ARGV[i]) end
return known`;

/**
 * Writes the data of jobs, unless they were handed to somebody else since: BullMQ's own way asks nobody. KEYS[1]: any key
 * of the queue, for the cluster. ARGV: the prefix of the jobs' keys, then of each job its id, the holder, the number of
 * its delivery, the data, and the token of the lock, or nothing where it is enough that nobody else has begun. Answers 1
 * for each that was written.
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
 * Of each id, whether its job is still to be done. KEYS[1]: the jobs that are done. ARGV: the prefix of the jobs' keys, then
 * the ids.
 */
const findOpen = `
local open = {}
for i = 2, #ARGV do
  local is_open = redis.call('EXISTS', ARGV[1] .. ARGV[i]) == 1 and not redis.call('ZSCORE', KEYS[1], ARGV[i])
  open[#open + 1] = is_open and 1 or 0
end
return open`;

/** Names the data of a queue, once. KEYS[1]: the name. ARGV: the name that it gets where it has none. Answers its name. */
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

/** Those of the ids that the queue does not know yet. */
export async function unknownJobs(
  client: IRedisClient,
  queue: QueueKeys,
  ids: readonly string[],
): Promise<readonly string[]> {
  const keys = [queue.toKey('meta'), queue.toKey('')];
  const known = (await withScripts(client).runCommand('captchaAreKnown', [...keys, ...ids])) as number[];
  return ids.filter((_, index) => known[index] === 0);
}

/** Of each id, whether its job waits, is held or was set aside. */
export async function findOpenJobs(
  client: IRedisClient,
  queue: QueueKeys,
  ids: readonly string[],
): Promise<readonly boolean[]> {
  const keys = [queue.toKey('completed'), queue.toKey('')];
  const answer = (await withScripts(client).runCommand('captchaFindOpen', [...keys, ...ids])) as number[];
  return answer.map((isOpen) => isOpen === 1);
}

/** The name of a queue's data, which is another one once the data was lost. `name` is taken where it has none. */
export async function nameOfData(client: IRedisClient, queue: QueueKeys, name: string): Promise<string> {
  return String(await withScripts(client).runCommand('captchaNameData', [queue.toKey('data'), name]));
}

export interface SaveRequest {
  readonly id: string;
  readonly holder: string;
  readonly delivery: number;
  readonly data: string;
  /** Null where it is enough that nobody else has begun. */
  readonly token: string | null;
}

/** Answers 1 for each that was written, 0 where the job was handed to somebody else, or may be at any moment. */
export async function saveJobData(
  client: IRedisClient,
  queue: QueueKeys,
  requests: readonly SaveRequest[],
): Promise<readonly number[]> {
  const args = requests.flatMap(({ id, holder, delivery, data, token }) => [id, holder, delivery, data, token ?? '']);
  const keys = [queue.toKey('meta'), queue.toKey('')];
  return (await withScripts(client).runCommand('captchaSaveData', [...keys, ...args])) as number[];
}
