const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** Whether a host, as `hostOf` writes it, is an IP address. URLs end in a number only where they are one (WHATWG URL). */
export function isIpLiteral(host: string): boolean {
  if (isDigit(host.charCodeAt(host.length - 1))) return /^(?:.*\.)?\d+$/.test(host);
  return host.endsWith(']');
}

/** Whether a text is an IPv6 address that lacks the brackets in which URLs have them. */
export function isBareIpv6(text: string): boolean {
  return /^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]`);
}
