/** Schemes that browsers accept without slashes; a name before any other colon is a host with a port. */
const scheme = /^(?:(?:https?|wss?|ftp|file|mailto):|[a-z][a-z\d+.-]*:\/\/)/i;
const blank = 0x20;

/** Trims control characters and blanks, which browsers ignore. A regular expression would take quadratic time. */
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
  // One leading slash starts a path, which is not a page; two start a host.
  return /^[/\\](?![/\\])/.test(bare) ? null : parseUrl(`https://${bare.replace(/^[/\\]+/, '')}`);
}

/**
 * Parses a page's URL like a browser (WHATWG URL); null if it is invalid. Without a scheme, https is assumed; non-web
 * schemes are parsed too.
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
/** WHATWG allows these in a host, but no real name contains them: they come from a CSV or from surrounding prose. */
const inNoHost = /[\s,;"'()|]/;

/**
 * Whether every label in punycode stands for a name. Node.js 20 and 22 always check that, Node.js 24 only in a host that is not
 * ASCII: a page must go to the same region under all of them.
 */
function isRealName(hostname: string): boolean {
  return !/(?:^|\.)xn--/.test(hostname) || URL.canParse(`https://\u00e9.${hostname}/`);
}

/**
 * The host of a web page in the form that rules compare: its `hostname` without trailing dots. Empty if there is none,
 * or if it contains a character that no host name has.
 */
export function hostOfPage({ hostname }: URL): string {
  if (inNoHost.test(hostname) || !isRealName(hostname)) return '';
  let end = hostname.length;
  while (hostname.charCodeAt(end - 1) === fullStop) end -= 1;
  return end === hostname.length ? hostname : hostname.slice(0, end);
}

/**
 * The host of a page in the form that rules compare; null if the text is not a URL. Lower case, punycode, without port,
 * user info and trailing dot, IP literals in canonical form. Without a scheme, https is assumed.
 */
export function hostOf(pageurl: string): string | null {
  const url = parsePageUrl(pageurl);
  // Hosts of non-web schemes keep their case.
  const host = url === null ? '' : hostOfPage(url).toLowerCase();
  return host === '' ? null : host;
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/**
 * True if a host in the form of `hostOf` is an IP address. A URL's host ends in a number only if it is one (WHATWG
 * URL).
 */
export function isIpLiteral(host: string): boolean {
  if (isDigit(host.charCodeAt(host.length - 1))) return /^(?:.*\.)?\d+$/.test(host);
  return host.endsWith(']');
}

/** True for an IPv6 address without the brackets that a URL requires. */
export function isBareIpv6(text: string): boolean {
  return /^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]`);
}

/** A percent-decoded text, or the text itself if it is not percent-encoded. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A path segment with one spelling for every character, however it was percent-encoded. */
export function canonicalSegment(segment: string): string {
  try {
    return encodeURIComponent(decodeURIComponent(segment));
  } catch {
    // Invalid percent-encoding has only one spelling.
    return segment;
  }
}

/** The segments of a URL's `pathname`, unchanged, without the empty one before the first slash. */
export function pathSegments(pathname: string): readonly string[] {
  return pathname.split('/').slice(1);
}
