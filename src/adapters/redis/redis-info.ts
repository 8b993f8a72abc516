import type { ConnectedWorker, RedisInfo } from '../../ports/queues.ts';
import { failingAtOnce, openRedis, parseRedisUrl } from './redis-client.ts';
import { RedisErrors } from './redis-errors.ts';

/** A value of INFO, which has a line `name:value` for each. */
function valueIn(info: string, name: string): string | null {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? null;
}

/** BullMQ names the connection of a worker by the prefix of its queue, which holds the region. */
const workerName = / name=\{captcha:([^}]+)\}:\S*:w:\S* .*\bage=(\d+)/;

function workersIn(clients: string): readonly ConnectedWorker[] {
  return clients.split('\n').flatMap((line) => {
    const [, region, seconds] = workerName.exec(line) ?? [];
    if (region === undefined) return [];
    return [{ region: decodeURIComponent(region), ageMs: Number(seconds) * 1_000 }];
  });
}

/** What a Redis that is asked may refuse to say. */
async function orNull(answer: Promise<unknown>): Promise<string | null> {
  return answer.then(String, () => null);
}

/**
 * Connects to a Redis, once, and asks it how it is. Throws `UsageError` for a URL that cannot be one, and
 * `QueueUnavailableError` with the reason where it cannot be used within `timeoutMs`.
 */
export async function readRedisInfo(url: string, timeoutMs: number): Promise<RedisInfo> {
  const redisErrors = new RedisErrors(url);
  const timeouts = { connectTimeout: timeoutMs, commandTimeout: timeoutMs };
  // A user that may not ask for INFO is no reason to complain.
  const client = openRedis(url, { ...failingAtOnce, ...timeouts, enableReadyCheck: false }, redisErrors);
  try {
    return await redisErrors.guard(async () => {
      await client.connect();
      // The client goes on with database 0 where there is no such one.
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
