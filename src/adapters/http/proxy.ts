import { BlockList, isIP } from 'node:net';
import { UsageError } from '../../domain/errors.ts';
import { isLoopbackName } from '../../domain/loopback.ts';

/** The proxy configured by the environment. */
export interface Proxy {
  readonly url: string;
  /** The header with its user and password; null without them. */
  readonly authorization: string | null;
  /** Hosts that are reached directly, as NO_PROXY names them: for display. */
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

function authorizationOf({ username, password }: URL): string | null {
  if (username === '' && password === '') return null;
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(login).toString('base64')}`;
}

/** True if the range (`10.0.0.0/8`, `fd00::/8`) contains the address. */
function contains(range: string, address: string): boolean {
  const [, network = '', bits = ''] = /^(.+)\/(\d{1,3})$/.exec(range) ?? [];
  const family = isIP(network);
  if (family === 0 || isIP(address) !== family || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  const ranges = new BlockList();
  ranges.addSubnet(network, Number(bits), kind);
  return ranges.check(address, kind);
}

const unbracketed = (host: string): string => host.replace(/^\[|\]$/g, '');

const defaultPort = ({ protocol }: URL): string => (protocol === 'https:' ? '443' : '80');

/** One entry of NO_PROXY: a host with its subdomains, an address, a range of addresses, or `*`; a port may follow. */
function isExcepted(url: URL, entry: string): boolean {
  if (entry === '*') return true;
  const host = unbracketed(url.hostname.replace(/\.$/, ''));
  if (contains(unbracketed(entry), host)) return true;
  const [, name = entry, port = ''] = isIP(entry) === 0 ? (/^(.+):(\d+)$/.exec(entry) ?? []) : [];
  if (port !== '' && port !== (url.port === '' ? defaultPort(url) : url.port)) return false;
  const wanted = unbracketed(name.replace(/^\*?\./, '').replace(/\.$/, '')).toLowerCase();
  return host === wanted || (isIP(host) === 0 && host.endsWith(`.${wanted}`));
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
  const url = parseProxyUrl(proxy.name, proxy.value);
  const exceptions = variable(env, 'NO_PROXY')?.value ?? '';
  const isDirect = exceptions.split(/[,\s]+/).some((entry) => entry !== '' && isExcepted(baseUrl, entry));
  return isDirect ? null : { url, authorization: authorizationOf(new URL(url)), exceptions };
}
