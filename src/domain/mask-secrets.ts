const masked = '***';
const urlUser = /([a-z][a-z\d+.-]*:\/\/)[^\s:@/?#]+@/gi;
/** Matches up to the last `@`: an unescaped password may contain one. */
const userAndPassword = /((?:[a-z][a-z\d+.-]*:\/\/)?[^\s:@/]*:)(?!\/\/)\S+@/gi;
const proxyOfFourParts = /^([^\s:@/]+:\d{1,5}:[^\s:@]+:)\S+$/;
const secretParameter = /([?&;](?:[\w-]*(?:password|passwd|secret|token)|pass|pwd|key|api[_-]?key)=)[^&#;\s]*/gi;
const secretName = /^(.*(password|passwd|secret|token|cookies?|credentials?)|pass|pwd|key|api[_-]?key)$/i;

function maskText(text: string): string {
  return text
    .replace(userAndPassword, `$1${masked}@`)
    .replace(urlUser, `$1${masked}@`)
    .replace(proxyOfFourParts, `$1${masked}`)
    .replace(secretParameter, `$1${masked}`);
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
