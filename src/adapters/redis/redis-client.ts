import { isIP } from 'node:net';
import { Redis, type RedisOptions } from 'ioredis';
import { UsageError } from '../../domain/errors.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';
import { readRedisUrl } from '../../domain/redis-url.ts';
import { ownLookup } from './redis-connector.ts';
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

const disconnectTimeoutMs = 200;
const connectTimeoutMs = 5_000;
const maxRetryMs = 2_000;
/** A Redis without an answer for this time counts as disconnected, in ms. */
const socketTimeoutMs = 10_000;
/** Within this time after a connection was given up, further refusals are of its own commands, in ms. */
const leavingMs = 100;

type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

/**
 * A Redis that became a replica refuses to write, and its connections stay open: the name of the server may lead to the
 * new primary by now. The refused command fails, and its caller repeats it.
 */
export function leavingReplicas() {
  let leftMs = -Infinity;
  return {
    reconnectOnError({ message }: Error): boolean {
      if (!/\bREADONLY\b/.test(message)) return false;
      // Each of many refused commands would add a listener to the connection that is ending, and Node warns about that.
      const isLeaving = performance.now() - leftMs < leavingMs;
      if (!isLeaving) leftMs = performance.now();
      return !isLeaving;
    },
  } satisfies ClientOptions;
}

/** Options of a connection that reconnects: commands wait for it. */
export function reconnecting() {
  return {
    ...leavingReplicas(),
    maxRetriesPerRequest: null,
    retryStrategy: (times: number) => Math.min(times * 100, maxRetryMs),
  } satisfies ClientOptions;
}

/** Options of a connection that fails at once and does not reconnect. */
export const failingAtOnce = { maxRetriesPerRequest: 0, retryStrategy: () => null } satisfies ClientOptions;

/** The options for a Redis URL. Throws `UsageError` for one that is invalid. */
export function parseRedisUrl(url: string): RedisAddress {
  const read = readRedisUrl(url);
  if ('error' in read) throw new UsageError(`${maskSecrets(url)}: ${read.error}`);
  const { host, port, db, username, password, isTls } = read.value;
  return {
    ...{ host, port, db, disconnectTimeout: disconnectTimeoutMs },
    ...(username !== null && { username }),
    ...(password !== null && { password }),
    ...(isTls && { tls: isIP(host) === 0 ? { servername: host } : {} }),
  };
}

/**
 * A client that connects with its first command and reports errors to `redisErrors`. Throws `UsageError` for an invalid
 * URL.
 */
export function openRedis(url: string, options: ClientOptions, redisErrors: RedisErrors): Redis {
  const client = new Redis({ ...parseRedisUrl(url), ...ownLookup, lazyConnect: true, ...options });
  client.on('error', (error: Error) => redisErrors.note(error));
  client.on('close', () => redisErrors.lose());
  return client;
}

/**
 * A client that reconnects; `redisErrors` reports errors to waiting callers. It writes only to the database of the URL.
 */
export function openReconnectingRedis(url: string, redisErrors: RedisErrors): Redis {
  const options = { ...reconnecting(), connectTimeout: connectTimeoutMs, socketTimeout: socketTimeoutMs };
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
