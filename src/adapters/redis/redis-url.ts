import { isIP } from 'node:net';
import { UsageError } from '../../domain/errors.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';

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

/** Takes `redis://user:password@host:port/database` apart; `rediss` is over TLS. Throws `UsageError`. */
export function parseRedisUrl(url: string): RedisAddress {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const db = pathname.slice(1);
  if (!/^\d*$/.test(db)) {
    throw new UsageError(`${maskSecrets(url)}: the path of a Redis URL is the number of a database`, 'Write /0.');
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
