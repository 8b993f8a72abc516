import { codeOf } from '../system/system-error.ts';

interface Phrase {
  /** For a table cell. */
  readonly short: string;
  /** For the end of a sentence; absent if the error code says enough. */
  readonly sentence?: string;
}

const closedEarly: Phrase = { short: 'connection closed before the answer was complete' };
const noConnection: Phrase = { short: 'no connection in time', sentence: 'no connection in time' };
const notHttp: Phrase = { short: 'not valid HTTP', sentence: 'the answer was not valid HTTP' };
const notTls: Phrase = { short: 'TLS: the port does not use TLS (plain HTTP?)' };
const unknownAuthority = 'its certificate was issued by an unknown authority';
const unknownIssuer: Phrase = { short: "TLS: the certificate's issuer is unknown", sentence: unknownAuthority };

/** Explanations of error codes of Node, OpenSSL and undici. */
const phrases: Readonly<Record<string, Phrase>> = {
  ENOTFOUND: { short: 'the host name does not resolve', sentence: 'the host name is unknown' },
  EAI_AGAIN: {
    short: 'the host name could not be resolved (temporary DNS failure)',
    sentence: 'the host name could not be resolved (temporary DNS failure)',
  },
  ECONNREFUSED: { short: 'connection refused', sentence: 'the connection was refused' },
  ECONNRESET: { short: 'connection reset', sentence: 'the connection was reset' },
  EPIPE: { short: 'connection closed', sentence: 'the connection was closed' },
  EHOSTUNREACH: { short: 'no route to host', sentence: 'no route to the host' },
  ENETUNREACH: { short: 'network unreachable', sentence: 'the network is unreachable' },
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
  ERR_ASSERTION: notHttp,
  HTTPParserError: notHttp,
  CERT_HAS_EXPIRED: { short: 'TLS: the certificate has expired', sentence: 'its certificate has expired' },
  CERT_NOT_YET_VALID: { short: 'TLS: the certificate is not valid yet', sentence: 'its certificate is not valid yet' },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    short: 'TLS: the certificate is for another name',
    sentence: 'its certificate is for another host name',
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: {
    short: 'TLS: the certificate is self-signed',
    sentence: 'its certificate is self-signed',
  },
  SELF_SIGNED_CERT_IN_CHAIN: { short: 'TLS: a certificate in the chain is self-signed', sentence: unknownAuthority },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownIssuer,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownIssuer,
  ERR_SSL_WRONG_VERSION_NUMBER: notTls,
  EPROTO: notTls,
};

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
