import type { Result } from './result.ts';

/** What a Redis URL says. */
export interface RedisPlace {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username: string | null;
  readonly password: string | null;
  readonly isTls: boolean;
}

const defaultPort = 6379;
/** Redis cannot have more databases than this has digits for. */
const database = /^\/?(\d{0,9})$/;

function decoded(text: string): string | null {
  try {
    return text === '' ? null : decodeURIComponent(text);
  } catch {
    return null;
  }
}

/**
 * Reads `redis://user:password@host:port/database`; `rediss` uses TLS. The error is a phrase with the fix and without
 * the URL, which may hold a password.
 */
export function readRedisUrl(url: string): Result<RedisPlace, string> {
  if (!URL.canParse(url)) return { error: 'is not a redis:// or rediss:// URL: write redis://HOST:PORT/DB' };
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const [, db] = database.exec(pathname) ?? [];
  if (db === undefined) return { error: 'the path of a Redis URL must be a database number: write /0' };
  const [user, secret] = [decoded(username), decoded(password)];
  if ((username !== '' && user === null) || (password !== '' && secret === null)) {
    return { error: 'the user or password contains a % that encodes nothing: encode % as %25' };
  }
  return {
    value: {
      host: hostname.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1',
      port: port === '' ? defaultPort : Number(port),
      db: Number(db),
      username: user,
      password: secret,
      isTls: protocol === 'rediss:',
    },
  };
}
