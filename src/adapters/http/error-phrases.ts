import { codeOf } from '../system/system-error.ts';

interface Phrase {
  /** For a table cell. */
  readonly short: string;
  /** For the end of a sentence; absent if the error code says enough. */
  readonly sentence?: string;
  /** Set if waiting does not fix it: the configuration or the network is wrong, or a limit of this machine was reached. */
  readonly kind?: 'config' | 'local';
  /** What to do about it, as a sentence. */
  readonly fix?: string;
}

const closedEarly: Phrase = { short: 'connection closed before the answer was complete' };
const noConnection: Phrase = { short: 'no connection in time', sentence: 'no connection in time' };
const notHttp: Phrase = { short: 'not valid HTTP', sentence: 'the answer was not valid HTTP' };
const config = (fix: string) => ({ kind: 'config', fix }) as const;
const checkAddress = config('Check the host name in api.baseUrl, and of the proxy if one is set.');
const wrongAddress = (short: string): Phrase => ({
  short,
  sentence: short,
  ...config('Check the address in api.baseUrl.'),
});
/** A captive portal and a proxy that inspects TLS present their own certificates. */
const checkIssuer = config(
  'Check api.baseUrl, and that no captive portal or proxy answers instead; for a private authority set NODE_EXTRA_CA_CERTS to the file with its certificate.',
);
const checkClock = config("Check this machine's clock and api.baseUrl, or ask the service to renew its certificate.");
const localLimit = (short: string): Phrase => ({
  short,
  sentence: short,
  kind: 'local',
  fix: 'Lower --concurrency or api.connections, or raise the limit (ulimit -n).',
});
const noProxy = (short: string): Phrase => ({ short, sentence: short });
const notTls: Phrase = {
  short: 'TLS: the port does not use TLS (plain HTTP?)',
  sentence: 'the port does not use TLS (plain HTTP?)',
  ...config('Check the scheme and the port in api.baseUrl.'),
};
const unknownAuthority = 'its certificate was issued by an unknown authority';
const unknownIssuer: Phrase = {
  short: "TLS: the certificate's issuer is unknown",
  sentence: unknownAuthority,
  ...checkIssuer,
};

/** Explanations of error codes of Node, OpenSSL and undici. */
const phrases: Readonly<Record<string, Phrase>> = {
  ENOTFOUND: { short: 'the host name does not resolve', sentence: 'the host name is unknown', ...checkAddress },
  EAI_AGAIN: {
    short: 'the host name could not be resolved (temporary DNS failure)',
    sentence: 'the host name could not be resolved (temporary DNS failure)',
  },
  ECONNREFUSED: { short: 'connection refused', sentence: 'the connection was refused' },
  ECONNRESET: { short: 'connection reset', sentence: 'the connection was reset' },
  EPIPE: { short: 'connection closed', sentence: 'the connection was closed' },
  EHOSTUNREACH: { short: 'no route to host', sentence: 'no route to the host' },
  ENETUNREACH: { short: 'network unreachable', sentence: 'the network is unreachable' },
  EADDRNOTAVAIL: localLimit('no local address or port is free'),
  EMFILE: localLimit('this process has too many open files'),
  ENFILE: localLimit('this machine has too many open files'),
  ENOBUFS: localLimit('this machine has no buffer space left'),
  EAFNOSUPPORT: wrongAddress('this machine does not support the kind of address'),
  EINVAL: wrongAddress('the address is not valid'),
  EACCES: wrongAddress('this machine does not allow the connection'),
  EPERM: wrongAddress('this machine does not allow the connection'),
  ETIMEDOUT: noConnection,
  ABORT_ERR: noConnection,
  UND_ERR_CONNECT_TIMEOUT: noConnection,
  UND_ERR_SOCKET: { ...closedEarly, sentence: 'the connection was closed' },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: closedEarly,
  UND_ERR_RES_EXCEEDED_MAX_SIZE: { short: 'answer too big', sentence: 'the answer was too big' },
  UND_ERR_DESTROYED: { short: 'the client was closed', sentence: 'the client was closed' },
  HPE_INVALID_EOF_STATE: closedEarly,
  UND_ERR_ABORTED: { short: 'the proxy refused the tunnel', sentence: 'the proxy refused the tunnel' },
  ERR_PROXY_TUNNEL: { short: 'the proxy closed the tunnel', sentence: 'the proxy closed the tunnel' },
  ERR_PROXY_REFUSED: noProxy('the proxy does not listen (connection refused)'),
  ERR_PROXY_NAME: noProxy('the host name of the proxy does not resolve'),
  ERR_PROXY_CONNECT_TIMEOUT: noProxy('no connection to the proxy in time'),
  ERR_PROXY_UNREACHABLE: noProxy('the proxy cannot be reached'),
  ERR_ASSERTION: notHttp,
  HTTPParserError: notHttp,
  CERT_HAS_EXPIRED: {
    short: 'TLS: the certificate has expired',
    sentence: 'its certificate has expired',
    ...checkClock,
  },
  CERT_NOT_YET_VALID: {
    short: 'TLS: the certificate is not valid yet',
    sentence: 'its certificate is not valid yet',
    ...checkClock,
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    short: 'TLS: the certificate is for another name',
    sentence: 'its certificate is for another host name',
    ...config('Check the host name in api.baseUrl, and that no captive portal or proxy answers instead.'),
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: {
    short: 'TLS: the certificate is self-signed',
    sentence: 'its certificate is self-signed',
    ...checkIssuer,
  },
  SELF_SIGNED_CERT_IN_CHAIN: {
    short: 'TLS: a certificate in the chain is self-signed',
    sentence: unknownAuthority,
    ...checkIssuer,
  },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownIssuer,
  UNABLE_TO_GET_ISSUER_CERT: unknownIssuer,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownIssuer,
  CERT_UNTRUSTED: unknownIssuer,
  ERR_SSL_WRONG_VERSION_NUMBER: notTls,
  EPROTO: notTls,
};

const proxyCodes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'ERR_PROXY_REFUSED',
  ENOTFOUND: 'ERR_PROXY_NAME',
  EAI_AGAIN: 'ERR_PROXY_NAME',
  ETIMEDOUT: 'ERR_PROXY_CONNECT_TIMEOUT',
  UND_ERR_CONNECT_TIMEOUT: 'ERR_PROXY_CONNECT_TIMEOUT',
};

/** The error of a connection to a proxy: without its own phrase it would read as one of the host behind the proxy. */
export function proxyErrorOf(error: Error): Error {
  const code = connectionErrorCode(error) ?? '';
  const isOwn = phrases[code]?.kind === 'local' || code === 'UND_ERR_DESTROYED';
  return isOwn
    ? error
    : Object.assign(new Error(), { code: proxyCodes[code] ?? 'ERR_PROXY_UNREACHABLE', cause: error });
}

/** True for an error of the connection to a proxy, or of a limit of this machine. */
export function isProxyError(error: unknown): boolean {
  const code = connectionErrorCode(error) ?? '';
  return code.startsWith('ERR_PROXY_') || phrases[code]?.kind === 'local';
}

/** The error's code; null if there is none. */
function connectionErrorCode(error: unknown): string | null {
  const code = codeOf(error);
  return code !== null && /^\w+$/.test(code) ? code : null;
}

/** True if the error is a timeout. */
export function isTimeout(error: unknown): boolean {
  const code = connectionErrorCode(error) ?? '';
  return code.includes('TIMEOUT') || code === 'ETIMEDOUT';
}

/** Why a request failed, for a table cell: an own phrase or an error code, never text from outside. */
export function connectionErrorPhrase(error: Error): string {
  const code = connectionErrorCode(error);
  // undici's parser errors have no useful code, only a name.
  const byName = phrases[error.name]?.short;
  if (code === null) return byName ?? 'the request failed';
  return phrases[code]?.short ?? byName ?? (code.startsWith('ERR_SSL_') ? `TLS: ${code}` : code);
}

/** Why a request failed, for the end of a sentence: an own phrase or an error code, never text from outside. */
export function connectionErrorSentence(error: Error): string {
  const code = connectionErrorCode(error);
  if (code === null) return phrases[error.name]?.sentence ?? 'unknown error';
  return phrases[code]?.sentence ?? code;
}

/** What an error before the first byte of a request says beyond its phrase; null if waiting may fix it. */
export function lastingFault(error: Error): { readonly kind: 'config' | 'local'; readonly fix: string } | null {
  const { kind, fix = '' } = phrases[connectionErrorCode(error) ?? ''] ?? {};
  return kind === undefined ? null : { kind, fix };
}

/** True if a limit of this machine was reached, which says nothing about the other side. */
export function isLocalLimit(error: Error): boolean {
  return phrases[connectionErrorCode(error) ?? '']?.kind === 'local';
}

/** True if nothing listens at any address of the host. */
export function isRefused(error: Error): boolean {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  return errors.length > 0 && errors.every((each) => connectionErrorCode(each) === 'ECONNREFUSED');
}

/** True if a host name was unknown: after an answer of that host, a failure of the name service. */
export function isUnknownHost(error: Error): boolean {
  return connectionErrorCode(error) === 'ENOTFOUND';
}
