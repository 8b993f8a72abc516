import type { IRedisClient } from 'bullmq';

/**
 * How many of the ids have a job, in whatever state. KEYS[1]: any key of the queue, for the cluster. ARGV: the prefix of
 * the jobs' keys, then the ids.
 */
const countKnown = `
local known = 0
for i = 2, #ARGV do known = known + redis.call('EXISTS', ARGV[1] .. ARGV[i]) end
return known`;

/**
 * Writes a job's data, unless it was handed to somebody else since: BullMQ's own way asks nobody. KEYS: the job, its lock.
 * ARGV: the holder, the number of its delivery, the data, and the token of the lock, or nothing where it is enough that
 * nobody else has begun. Answers 1 where it was written.
 */
const saveData = `
local last = redis.call('HMGET', KEYS[1], 'pb', 'ats')
if last[1] ~= ARGV[1] or last[2] ~= ARGV[2] then return 0 end
if ARGV[4] ~= '' and redis.call('GET', KEYS[2]) ~= ARGV[4] then return 0 end
redis.call('HSET', KEYS[1], 'data', ARGV[3])
return 1`;

const defined = new WeakSet<IRedisClient>();

function withScripts(client: IRedisClient): IRedisClient {
  if (defined.has(client)) return client;
  client.defineCommand('captchaCountKnown', { numberOfKeys: 1, lua: countKnown });
  client.defineCommand('captchaSaveData', { numberOfKeys: 2, lua: saveData });
  defined.add(client);
  return client;
}

interface QueueKeys {
  toKey(type: string): string;
}

/** How many of the ids the queue knows already. */
export async function countKnownJobs(client: IRedisClient, queue: QueueKeys, ids: readonly string[]): Promise<number> {
  const answer: unknown = await withScripts(client).runCommand('captchaCountKnown', [
    queue.toKey('meta'),
    queue.toKey(''),
    ...ids,
  ]);
  return Number(answer);
}

export interface SaveRequest {
  readonly id: string;
  readonly holder: string;
  readonly delivery: number;
  readonly data: string;
  /** Null where it is enough that nobody else has begun. */
  readonly token: string | null;
}

/** False where the job was handed to somebody else, or may be at any moment. */
export async function saveJobData(client: IRedisClient, queue: QueueKeys, request: SaveRequest): Promise<boolean> {
  const { id, holder, delivery, data, token } = request;
  const keys = [queue.toKey(id), `${queue.toKey(id)}:lock`];
  const answer: unknown = await withScripts(client).runCommand('captchaSaveData', [
    ...keys,
    holder,
    delivery,
    data,
    token ?? '',
  ]);
  return answer === 1;
}
