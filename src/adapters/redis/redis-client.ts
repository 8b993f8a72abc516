import { Redis } from 'ioredis';
import type { RedisErrors } from './redis-errors.ts';
import { parseRedisUrl } from './redis-url.ts';

const connectTimeoutMs = 5_000;
const maxRetryMs = 2_000;
/** A Redis that hangs is as good as one that is gone. */
const socketTimeoutMs = 10_000;

/** A connection that comes back by itself; commands wait for it, and `trouble` tells those who wait for them. It is made by the first command. */
export function openRedis(url: string, redisErrors: RedisErrors): Redis {
  const client = new Redis({
    ...parseRedisUrl(url),
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    socketTimeout: socketTimeoutMs,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(times * 100, maxRetryMs),
  });
  client.on('error', (error: Error) => {
    redisErrors.note(error);
    if (redisErrors.isElsewhere) client.disconnect();
  });
  client.on('close', () => redisErrors.lose());
  return client;
}

/** Ends the connection, also where Redis does not answer any more. */
export async function closeRedis(client: Redis): Promise<void> {
  if (client.status === 'ready') await client.quit().catch(() => undefined);
  client.disconnect();
}
