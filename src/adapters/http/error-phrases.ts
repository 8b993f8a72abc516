const brokenOff = 'connection closed before the answer was complete';

const phrases: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the host name does not resolve',
  EAI_AGAIN: 'the host name could not be resolved for now',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  EHOSTUNREACH: 'no way to the host',
  ENETUNREACH: 'no way to the network',
  ETIMEDOUT: 'no connection in time',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_SOCKET: brokenOff,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: brokenOff,
  HPE_INVALID_EOF_STATE: brokenOff,
  UND_ERR_ABORTED: 'the proxy refused the tunnel',
  ERR_PROXY_TUNNEL: 'the proxy closed the tunnel',
  ERR_ASSERTION: 'not valid HTTP',
  HTTPParserError: 'not valid HTTP',
  CERT_HAS_EXPIRED: 'TLS: the certificate has expired',
  CERT_NOT_YET_VALID: 'TLS: the certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'TLS: the certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'TLS: the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'TLS: a certificate in the chain is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "TLS: the certificate's issuer is unknown",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "TLS: the certificate's issuer is unknown",
  ERR_SSL_WRONG_VERSION_NUMBER: 'TLS: the port speaks something else, plain HTTP perhaps',
  EPROTO: 'TLS: the port speaks something else, plain HTTP perhaps',
};

/** Why a request failed, as a phrase of our own or an error's code: never a text from outside. */
export function failurePhrase(error: Error): string {
  const code: unknown = 'code' in error ? error.code : null;
  if (typeof code !== 'string' || !/^\w+$/.test(code)) return phrases[error.name] ?? 'the request failed';
  // undici's parser errors are named by what they did not expect.
  return phrases[code] ?? phrases[error.name] ?? (code.startsWith('ERR_SSL_') ? `TLS: ${code}` : code);
}
