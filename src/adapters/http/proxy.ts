import { UsageError } from '../../domain/errors.ts';
import { isLoopbackName } from '../../domain/loopback.ts';

/** The proxy configured by the environment. */
export interface Proxy {
  readonly url: string;
  /** Hosts to reach directly, in the format of NO_PROXY. */
  readonly exceptions: string;
}

function variable(env: NodeJS.ProcessEnv, name: string): { name: string; value: string } | null {
  const set = [name.toLowerCase(), name].find((candidate) => (env[candidate] ?? '') !== '');
  return set === undefined ? null : { name: set, value: env[set] ?? '' };
}

/** The safe part of an invalid proxy URL for messages: the host after the last `@`, never the password. */
function masked(value: string): string {
  return value.includes('@') ? `: ***@${value.slice(value.lastIndexOf('@') + 1)}` : '';
}

function isUsable(url: URL): boolean {
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    return false;
  }
  // A path in the result means that the password contains an unescaped `/`.
  return /^https?:$/.test(url.protocol) && url.hostname !== '' && `${url.pathname}${url.search}${url.hash}` === '/';
}

function parseProxyUrl(name: string, value: string): string {
  const text = value.includes('://') ? value : `http://${value}`;
  if (URL.canParse(text) && isUsable(new URL(text))) return text;
  throw new UsageError(
    `${name} is not the URL of an HTTP proxy${masked(value)}`,
    'Write it as http://host:port or http://user:password@host:port, special characters of the password URL-encoded.',
  );
}

/**
 * The proxy for a base URL, from HTTPS_PROXY or HTTP_PROXY (by the base URL's scheme) and NO_PROXY; lower-case names
 * take precedence. Null if none is set, and always for loopback. Throws `UsageError`, without the password, for a
 * malformed variable.
 */
export function proxyFor(baseUrl: URL, env: NodeJS.ProcessEnv): Proxy | null {
  if (isLoopbackName(baseUrl.hostname)) return null;
  const proxy = variable(env, baseUrl.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (proxy === null) return null;
  return { url: parseProxyUrl(proxy.name, proxy.value), exceptions: variable(env, 'NO_PROXY')?.value ?? '' };
}
