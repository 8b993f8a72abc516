import type { ConnectedWorker, RedisInfo } from '../../ports/queues.ts';
import { failingAtOnce, openRedis, parseRedisUrl } from './redis-client.ts';
import { RedisErrors } from './redis-errors.ts';

/** A value of INFO, which has a line `name:value` for each. */
function valueIn(info: string, name: string): string | null {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? null;
}

/** BullMQ names a worker's connection after the prefix of its queue, which contains the region. */
const workerName = / name=\{captcha:([^}]+)\}:\S*:w:\S* .*\bage=(\d+)/;

function workersIn(clients: string): readonly ConnectedWorker[] {
  return clients.split('\n').flatMap((line) => {
    const [, region, seconds] = workerName.exec(line) ?? [];
    if (region === undefined) return [];
    return [{ region: decodeURIComponent(region), ageMs: Number(seconds) * 1_000 }];
  });
}

/** Null if Redis refuses the request. */
async function orNull(answer: Promise<unknown>): Promise<string | null> {
  return answer.then(String, () => null);
}

/**
 * Connects once to a Redis and requests its state. Throws `UsageError` for an invalid URL, and `QueueUnavailableError`
 * with the reason if Redis is not usable within `timeoutMs`.
 */
export async function readRedisInfo(url: string, timeoutMs: number): Promise<RedisInfo> {
  const redisErrors = new RedisErrors(url);
  const timeouts = { connectTimeout: timeoutMs, commandTimeout: timeoutMs };
  // No ready check: a user without the right to INFO is acceptable.
  const client = openRedis(url, { ...failingAtOnce, ...timeouts, enableReadyCheck: false }, redisErrors);
  try {
    return await redisErrors.guard(async () => {
      await client.connect();
      // Selected explicitly: for a missing database the client would continue with database 0.
      await client.select(parseRedisUrl(url).db);
      const [info, clients] = await Promise.all([orNull(client.info()), orNull(client.client('LIST'))]);
      const appendOnly = info === null ? null : valueIn(info, 'aof_enabled');
      return {
        version: info === null ? null : valueIn(info, 'redis_version'),
        evictionPolicy: info === null ? null : valueIn(info, 'maxmemory_policy'),
        isAppendOnly: appendOnly === null ? null : appendOnly === '1',
        workers: clients === null ? null : workersIn(clients),
      };
    });
  } finally {
    client.disconnect();
  }
}
