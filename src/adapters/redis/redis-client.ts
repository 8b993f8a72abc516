import { isIP } from 'node:net';
import { Redis, type RedisOptions } from 'ioredis';
import { UsageError } from '../../domain/errors.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';
import type { RedisErrors } from './redis-errors.ts';

/** Where a Redis is, in plain options: a client that is made from them is closed with its user, so that a process can end. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  /** How long the other side may take to close a connection. A process waits for it, also where there is none. In ms. */
  readonly disconnectTimeout: number;
  readonly username?: string;
  readonly password?: string;
  /** Without a name where the host is an address: TLS names none. */
  readonly tls?: { readonly servername?: string };
}

const defaultPort = 6379;
const disconnectTimeoutMs = 200;
const connectTimeoutMs = 5_000;
const maxRetryMs = 2_000;
/** A Redis that hangs is as good as one that is gone. */
const socketTimeoutMs = 10_000;

type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

/** For a connection that comes back by itself: commands wait for it. */
export const reconnecting = {
  maxRetriesPerRequest: null,
  retryStrategy: (times: number) => Math.min(times * 100, maxRetryMs),
} satisfies ClientOptions;

/** For a connection that fails at once and stays so. */
export const failingAtOnce = { maxRetriesPerRequest: 0, retryStrategy: () => null } satisfies ClientOptions;

/** Takes `redis://user:password@host:port/database` apart; `rediss` is over TLS. Throws `UsageError`. */
export function parseRedisUrl(url: string): RedisAddress {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const db = pathname.slice(1);
  if (!/^\d*$/.test(db)) {
    throw new UsageError(`${maskSecrets(url)}: the path of a Redis URL must be a database number`, 'Write /0.');
  }
  const host = hostname.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1';
  return {
    host,
    port: port === '' ? defaultPort : Number(port),
    db: Number(db),
    disconnectTimeout: disconnectTimeoutMs,
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' && { tls: isIP(host) === 0 ? { servername: host } : {} }),
  };
}

/** A client that connects with its first command, and tells `redisErrors` what goes wrong. Throws `UsageError` for the URL. */
export function openRedis(url: string, options: ClientOptions, redisErrors: RedisErrors): Redis {
  const client = new Redis({ ...parseRedisUrl(url), lazyConnect: true, ...options });
  client.on('error', (error: Error) => redisErrors.note(error));
  client.on('close', () => redisErrors.lose());
  return client;
}

/** A client that comes back by itself; `redisErrors` tells those who wait for it. It writes to no database but that of the URL. */
export function openReconnectingRedis(url: string, redisErrors: RedisErrors): Redis {
  const options = { ...reconnecting, connectTimeout: connectTimeoutMs, socketTimeout: socketTimeoutMs };
  const client = openRedis(url, options, redisErrors);
  client.on('error', () => {
    if (redisErrors.isElsewhere) client.disconnect();
  });
  return client;
}

/** Ends the connection, also where Redis does not answer any more. */
export async function closeRedis(client: Redis): Promise<void> {
  if (client.status === 'ready') await client.quit().catch(() => undefined);
  client.disconnect();
}
