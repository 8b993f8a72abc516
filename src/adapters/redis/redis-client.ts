import { Redis } from 'ioredis';
import type { RedisTrouble } from './redis-errors.ts';
import { parseRedisUrl } from './redis-url.ts';

const connectTimeoutMs = 5_000;
const longestRetryMs = 2_000;
/** A Redis that hangs is as good as one that is gone. */
const socketTimeoutMs = 10_000;

/** A connection that comes back by itself; commands wait for it, and `trouble` tells those who wait for them. It is made by the first command. */
export function openRedis(url: string, trouble: RedisTrouble): Redis {
  const client = new Redis({
    ...parseRedisUrl(url),
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    socketTimeout: socketTimeoutMs,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(times * 100, longestRetryMs),
  });
  client.on('error', (error: Error) => {
    trouble.note(error);
    if (trouble.isElsewhere) client.disconnect();
  });
  client.on('close', () => trouble.lose());
  return client;
}

/** Ends the connection, also where Redis does not answer any more. */
export async function closeRedis(client: Redis): Promise<void> {
  if (client.status === 'ready') await client.quit().catch(() => undefined);
  client.disconnect();
}
