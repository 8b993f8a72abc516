const masked = '***';
/** A user without a password in a URL, behind the scheme. */
const urlUser = /(?<=[a-z\d+.-]:\/\/)[^\s:@/?#]+@/gi;
const proxyOfFourParts = /^([^\s:@/]+:\d{1,5}:[^\s:@]+:)\S+$/;
const parameter = /[?&;]([\w-]*)=/g;
const endOfParameter = /[&#;\s]|$/g;
const secretParameter = /^(.*(password|passwd|secret|token)|pass|pwd|key|api[_-]?key)$/i;
const secretName = /^(.*(password|passwd|secret|token|cookies?|credentials?)|pass|pwd|key|api[_-]?key)$/i;

/** Masks from the colon behind a user to the last `@`: an unescaped password may contain one. */
function withoutPassword(word: string): string {
  const end = word.lastIndexOf('@');
  for (let colon = word.indexOf(':'); colon !== -1 && colon + 1 < end; colon = word.indexOf(':', colon + 1)) {
    if (!word.startsWith('//', colon + 1)) return `${word.slice(0, colon + 1)}${masked}${word.slice(end)}`;
  }
  return word;
}

function withoutSecretParameters(text: string): string {
  let safe = '';
  let from = 0;
  parameter.lastIndex = 0;
  for (let found = parameter.exec(text); found !== null; found = parameter.exec(text)) {
    if (!secretParameter.test(found[1] ?? '')) continue;
    endOfParameter.lastIndex = parameter.lastIndex;
    safe += text.slice(from, parameter.lastIndex) + masked;
    from = endOfParameter.exec(text)?.index ?? text.length;
    parameter.lastIndex = from;
  }
  return safe + text.slice(from);
}

/** Every step takes time in proportion to the length: a text may come from outside and have a megabyte. */
function maskText(text: string): string {
  const plain = text.replace(/\S+/g, withoutPassword).replace(urlUser, `${masked}@`);
  return withoutSecretParameters(plain.replace(proxyOfFourParts, `$1${masked}`));
}

function maskNamed(name: string, value: unknown): unknown {
  return secretName.test(name) && (typeof value === 'string' || typeof value === 'number')
    ? masked
    : maskUnknown(value);
}

function maskUnknown(value: unknown): unknown {
  if (typeof value === 'string') return maskText(value);
  if (Array.isArray(value)) return value.map(maskUnknown);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, maskNamed(name, inner)]));
}

/**
 * A copy that is safe to show. Passwords in URLs and proxies (`user:password@host:port`, `host:port:user:password`),
 * and query parameters and values with a secret name, become `***`; the rest is unchanged.
 */
export function maskSecrets<T>(value: T): T {
  return maskUnknown(value) as T;
}
