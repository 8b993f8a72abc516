import { UsageError } from '../../domain/errors.ts';
import { isLoopbackName } from '../../domain/loopback.ts';

/** The proxy that the environment asks for. */
export interface Proxy {
  readonly url: string;
  /** Hosts that are reached without it, as NO_PROXY writes them. */
  readonly exceptions: string;
}

function variable(env: NodeJS.ProcessEnv, name: string): { name: string; value: string } | null {
  const set = [name.toLowerCase(), name].find((candidate) => (env[candidate] ?? '') !== '');
  return set === undefined ? null : { name: set, value: env[set] ?? '' };
}

/** Of a value that is no URL, what cannot be part of a password: the host after the last `@`. */
function masked(value: string): string {
  return value.includes('@') ? `: ***@${value.slice(value.lastIndexOf('@') + 1)}` : '';
}

function isUsable(url: URL): boolean {
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    return false;
  }
  // A path is what an unescaped `/` in a password leaves behind.
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
 * The proxy to use for a base URL, from HTTPS_PROXY or HTTP_PROXY (by the base URL's scheme) and NO_PROXY, the
 * lower-case spelling first; null where none is set, and always for loopback. Throws `UsageError` without the
 * password where the variable is malformed.
 */
export function proxyFor(baseUrl: URL, env: NodeJS.ProcessEnv): Proxy | null {
  if (isLoopbackName(baseUrl.hostname)) return null;
  const proxy = variable(env, baseUrl.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (proxy === null) return null;
  return { url: parseProxyUrl(proxy.name, proxy.value), exceptions: variable(env, 'NO_PROXY')?.value ?? '' };
}
