const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** Whether a host, as `hostOf` writes it, is an IP address. URLs end in a number only where they are one (WHATWG URL). */
export function isIpLiteral(host: string): boolean {
  if (isDigit(host.charCodeAt(host.length - 1))) return /^(?:.*\.)?\d+$/.test(host);
  return host.endsWith(']');
}
