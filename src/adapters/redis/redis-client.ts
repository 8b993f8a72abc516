import { isIP } from 'node:net';
import { Redis, type RedisOptions } from 'ioredis';
import { UsageError } from '../../domain/errors.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';
import type { RedisErrors } from './redis-errors.ts';

/**
 * The address of a Redis as plain options. A client made from options belongs to its user, who closes it, so that the
 * process can end.
 */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  /** Maximum wait for the server to close a connection, in ms. A process waits for it even without a server. */
  readonly disconnectTimeout: number;
  readonly username?: string;
  readonly password?: string;
  /** Without a server name if the host is an IP address: TLS does not allow one. */
  readonly tls?: { readonly servername?: string };
}

const defaultPort = 6379;
const disconnectTimeoutMs = 200;
const connectTimeoutMs = 5_000;
const maxRetryMs = 2_000;
/** A Redis without an answer for this time counts as disconnected, in ms. */
const socketTimeoutMs = 10_000;

type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

/** Options of a connection that reconnects: commands wait for it. */
export const reconnecting = {
  maxRetriesPerRequest: null,
  retryStrategy: (times: number) => Math.min(times * 100, maxRetryMs),
} satisfies ClientOptions;

/** Options of a connection that fails at once and does not reconnect. */
export const failingAtOnce = { maxRetriesPerRequest: 0, retryStrategy: () => null } satisfies ClientOptions;

/** Parses `redis://user:password@host:port/database`; `rediss` uses TLS. Throws `UsageError`. */
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

/**
 * A client that connects with its first command and reports errors to `redisErrors`. Throws `UsageError` for an invalid
 * URL.
 */
export function openRedis(url: string, options: ClientOptions, redisErrors: RedisErrors): Redis {
  const client = new Redis({ ...parseRedisUrl(url), lazyConnect: true, ...options });
  client.on('error', (error: Error) => redisErrors.note(error));
  client.on('close', () => redisErrors.lose());
  return client;
}

/**
 * A client that reconnects; `redisErrors` reports errors to waiting callers. It writes only to the database of the URL.
 */
export function openReconnectingRedis(url: string, redisErrors: RedisErrors): Redis {
  const options = { ...reconnecting, connectTimeout: connectTimeoutMs, socketTimeout: socketTimeoutMs };
  const client = openRedis(url, options, redisErrors);
  client.on('error', () => {
    if (redisErrors.isElsewhere) client.disconnect();
  });
  return client;
}

/** Closes the connection, even if Redis is unresponsive. */
export async function closeRedis(client: Redis): Promise<void> {
  if (client.status === 'ready') await client.quit().catch(() => undefined);
  client.disconnect();
}
