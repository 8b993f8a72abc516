import type { Result } from '../domain/result.ts';
import { percentDecoded } from '../domain/page-url.ts';
import { foldedName } from '../domain/written-name.ts';
import { isForeignProxy } from './parameter-names.ts';

/** Why a proxy cannot be sent. It never shows the proxy, which may contain a password. */
export interface ProxyError {
  /** The parameter at fault. */
  readonly about: string;
  readonly reason: string;
  readonly fix: string;
}

type Params = Readonly<Record<string, string>>;

const form = 'user:password@host:port or host:port';
const typesText = 'HTTP, HTTPS, SOCKS4 or SOCKS5';

const types: Readonly<Record<string, string>> = {
  http: 'HTTP',
  https: 'HTTPS',
  socks4: 'SOCKS4',
  socks4a: 'SOCKS4',
  socks5: 'SOCKS5',
  socks5h: 'SOCKS5',
};

const typeOf = (name: string): string | null => {
  const lower = name.trim().toLowerCase();
  return Object.hasOwn(types, lower) ? (types[lower] ?? null) : null;
};

interface Proxy {
  readonly proxy: string;
  /** As the proxy itself says; null if it does not. */
  readonly type: string | null;
}

function isAddress(text: string): boolean {
  const port = /^(?:\[[\da-f:.]+\]|[^\s:@/[\]]+):(\d{1,5})$/i.exec(text)?.[1];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}

/** `host:port:user:password` or `user:password:host:port`; the host is the part with a dot. */
function ofFourParts(text: string): string | null {
  const parts = text.split(':');
  const [first = '', second = '', user = '', ...password] = parts;
  const isHostFirst = password.length > 0 && isAddress(`${first}:${second}`);
  const [host = '', port = ''] = parts.slice(2);
  const isHostLast = parts.length === 4 && isAddress(`${host}:${port}`);
  if (isHostFirst && !(isHostLast && host.includes('.') && !first.includes('.'))) {
    return `${user}:${password.join(':')}@${first}:${second}`;
  }
  return isHostLast ? `${first}:${second}@${host}:${port}` : null;
}

/** The proxy without its scheme; null if the text is none. */
function withoutScheme(text: string, isUrl: boolean): string | null {
  const at = text.lastIndexOf('@');
  if (at === -1) return isAddress(text) ? text : ofFourParts(text);
  const [login, address] = [text.slice(0, at), text.slice(at + 1)];
  if (login === '' || !isAddress(address)) return null;
  return `${isUrl ? percentDecoded(login) : login}@${address}`;
}

function parseProxy(text: string): Proxy | null {
  const [scheme = '', name = ''] = /^([a-z][a-z\d]*):\/\//i.exec(text) ?? [];
  const [prefix = ''] = scheme === '' ? (/^(?:https?|socks[45]):(?=[^:@]+:\d+(?::|$))/i.exec(text) ?? []) : [];
  const type = typeOf(name === '' ? prefix.slice(0, -1) : name);
  if (scheme !== '' && type === null) return null;
  const rest = text.slice(scheme.length + prefix.length);
  const proxy = withoutScheme(scheme === '' ? rest : rest.replace(/\/+$/, ''), scheme !== '');
  return proxy === null ? null : { proxy, type };
}

const namesOfProxy = new Set(['proxy', 'proxytype']);

/** The parameters with `proxy` and `proxytype` under these names. */
function named(params: Params): Result<Params, ProxyError> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(params)) {
    const folded = foldedName(name);
    const key = namesOfProxy.has(folded) ? folded : name;
    if (isForeignProxy(name)) {
      const reason = `${name} is not a parameter: without the proxy the task would be solved from another address`;
      return { error: { about: name, reason, fix: `write proxy (${form}) and proxytype (${typesText})` } };
    }
    if (Object.hasOwn(result, key))
      return { error: { about: key, reason: `${key} is given twice`, fix: 'omit one of them' } };
    result[key] = value;
  }
  return { value: result };
}

/**
 * The parameters with their proxy in the form of the service. A URL and `host:port:user:password` are understood. What is
 * not understood is refused: the task would be solved from another address, and its solution would be useless.
 */
export function withProxy(params: Params): Result<Params, ProxyError> {
  if (!Object.keys(params).some((name) => /prox/i.test(name))) return { value: params };
  const found = named(params);
  if ('error' in found) return found;
  const written = (found.value['proxy'] ?? '').trim();
  if (written === '') return found;
  const parsed = parseProxy(written);
  if (parsed === null) {
    return { error: { about: 'proxy', reason: 'proxy is not an address with a port', fix: `write ${form}` } };
  }
  const given = (found.value['proxytype'] ?? '').trim();
  const type = given === '' ? parsed.type : typeOf(given);
  if (type === null) {
    const reason = given === '' ? 'proxy needs proxytype' : 'proxytype is unknown';
    return { error: { about: 'proxytype', reason, fix: `write ${typesText}` } };
  }
  if (parsed.type !== null && parsed.type !== type) {
    return {
      error: { about: 'proxytype', reason: 'proxy and proxytype have different types', fix: 'omit one of them' },
    };
  }
  return { value: { ...found.value, proxy: parsed.proxy, proxytype: type } };
}
