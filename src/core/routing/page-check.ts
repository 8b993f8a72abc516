import { hostOfPage, isBareIpv6, parsePageUrl } from '../../domain/page-url.ts';
import type { Result } from '../../domain/result.ts';

const ambiguous = /[\\\t\n\r]/;

/**
 * True if browsers and RFC 3986 parse the URL differently: `https://a\@b` is host a for browsers, host b by the RFC.
 * The text is sent unchanged, and the service's parser is unknown.
 */
export function isAmbiguousUrl(pageurl: string): boolean {
  return ambiguous.test(pageurl.trim());
}

/** The part before the host: scheme and slashes, both optional. */
const beforeHost = /^\s*(?:[a-z][a-z\d+.-]*:)?\/*/i;
const inNoHost = /[\s,;"'()|<>^%]/;

function hostAsWritten(text: string): string {
  const rest = text.trimEnd().replace(beforeHost, '');
  const end = rest.search(/[/?#]/);
  const authority = end === -1 ? rest : rest.slice(0, end);
  return authority.slice(authority.lastIndexOf('@') + 1);
}

/** Why a text is no valid page URL, as a phrase for the user. */
export function describeUrlError(text: string): string {
  if (isAmbiguousUrl(text)) return 'it contains a backslash, tab or line end: percent-encode it';
  const [address = ''] = text.trim().split('/', 1);
  if (isBareIpv6(address)) return `an IPv6 address needs brackets: write [${address}]`;
  const forbidden = inNoHost.exec(hostAsWritten(text))?.[0];
  if (forbidden === undefined) return 'not a URL';
  return `its host contains ${forbidden.trim() === '' ? 'a space' : forbidden}, which is not allowed`;
}

/** A parsed page, or why the text is not one. */
interface Page {
  readonly url: URL;
  readonly host: string;
}

/** Parses a page URL: http: or https: with a host; https if there is no scheme. */
export function readPage(text: string): Result<Page, string> {
  const url = isAmbiguousUrl(text) ? null : parsePageUrl(text);
  if (url === null) return { error: describeUrlError(text) };
  const { href, protocol } = url;
  if (!href.startsWith('https:') && !href.startsWith('http:'))
    return { error: `the scheme is ${protocol.slice(0, -1)}, not http or https` };
  const host = hostOfPage(url);
  return host === '' ? { error: describeUrlError(text) } : { value: { url, host } };
}
