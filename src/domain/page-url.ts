/** Schemes that browsers read without slashes; a name before any other colon is a host with a port. */
const scheme = /^(?:(?:https?|wss?|ftp|file|mailto):|[a-z][a-z\d+.-]*:\/\/)/i;
const blank = 0x20;

/** Without control characters and blanks around it, which browsers pass over; a pattern would take a square of their number. */
function withoutEnds(text: string): string {
  let start = 0;
  let end = text.length;
  while (text.charCodeAt(start) <= blank) start += 1;
  while (end > start && text.charCodeAt(end - 1) <= blank) end -= 1;
  return text.slice(start, end);
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

function parseLoosely(text: string): URL | null {
  const bare = withoutEnds(text.trim()).replace(/[\t\n\r]+/g, '');
  if (scheme.test(bare)) return parseUrl(bare);
  // One slash begins a path, and a path is not a page; two begin a host.
  return /^[/\\](?![/\\])/.test(bare) ? null : parseUrl(`https://${bare.replace(/^[/\\]+/, '')}`);
}

/**
 * A page's URL as browsers read it (WHATWG URL), or null where the text is none. A missing scheme is taken as https;
 * other schemes than that of the web are parsed as well.
 */
export function parsePageUrl(text: string): URL | null {
  if (!text.startsWith('https://') && !text.startsWith('http://')) return parseLoosely(text);
  try {
    return new URL(text);
  } catch {
    return parseLoosely(text);
  }
}

const fullStop = 46;
/** WHATWG lets them into a host, but no name has them: they are of a CSV or of prose around the page. */
const inNoHost = /[\s,;"'()|]/;

/**
 * The host of a page of the web as rules compare it: its `hostname` without trailing dots; empty where it has none, or one
 * with a character that no host name has.
 */
export function hostOfPage({ hostname }: URL): string {
  if (inNoHost.test(hostname)) return '';
  let end = hostname.length;
  while (hostname.charCodeAt(end - 1) === fullStop) end -= 1;
  return end === hostname.length ? hostname : hostname.slice(0, end);
}

/**
 * The host of a page as rules compare it, or null where the text is no URL: lower case, punycode, without port, user
 * info and trailing dot, IP literals in canonical form. A missing scheme is taken as https.
 */
export function hostOf(pageurl: string): string | null {
  const url = parsePageUrl(pageurl);
  // Hosts of other schemes than those of the web keep their case.
  const host = url === null ? '' : hostOfPage(url).toLowerCase();
  return host === '' ? null : host;
}

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

/** A segment of a path with one spelling of every character, however it was percent-encoded. */
export function canonicalSegment(segment: string): string {
  try {
    return encodeURIComponent(decodeURIComponent(segment));
  } catch {
    // Not UTF-8, or not percent-encoded at all: as it stands is the one spelling it has.
    return segment;
  }
}

/** The segments of a URL's `pathname` as they stand there, without that first empty one before the slash. */
export function pathSegments(pathname: string): readonly string[] {
  return pathname.split('/').slice(1);
}
