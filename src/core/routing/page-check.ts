import { hostOfPage, isBareIpv6, parsePageUrl } from '../../domain/page-url.ts';

const ambiguous = /[\\\t\n\r]/;

/**
 * Whether browsers and RFC 3986 read a page's text differently: `https://a\@b` is host a to the former, and b to the latter.
 * The text is sent as it is, and nobody knows how the other side reads it.
 */
export function isAmbiguousUrl(pageurl: string): boolean {
  return ambiguous.test(pageurl.trim());
}

/** What stands before a host, as far as a person writes it. */
const beforeHost = /^\s*(?:[a-z][a-z\d+.-]*:)?\/*/i;
const inNoHost = /[\s,;"'()|<>^%]/;

function hostAsWritten(text: string): string {
  const rest = text.trimEnd().replace(beforeHost, '');
  const end = rest.search(/[/?#]/);
  const authority = end === -1 ? rest : rest.slice(0, end);
  return authority.slice(authority.lastIndexOf('@') + 1);
}

/** Why a text that names no host of the web is no page, as a phrase for whoever wrote it. */
export function describeUrlError(text: string): string {
  if (isAmbiguousUrl(text)) return 'it contains a backslash, tab or line end: percent-encode it';
  const [address = ''] = text.trim().split('/', 1);
  if (isBareIpv6(address)) return `an IPv6 address needs brackets: write [${address}]`;
  const forbidden = inNoHost.exec(hostAsWritten(text))?.[0];
  if (forbidden === undefined) return 'not a URL';
  return `its host contains ${forbidden.trim() === '' ? 'a space' : forbidden}, which is not allowed`;
}

/** A page of the web, or why a text is none. */
export type Page = { readonly url: URL; readonly host: string } | { readonly fault: string };

/** Reads a page: an http: or https: URL (https where no scheme is written) with a host. */
export function readPage(text: string): Page {
  const url = isAmbiguousUrl(text) ? null : parsePageUrl(text);
  if (url === null) return { fault: describeUrlError(text) };
  const { href, protocol } = url;
  if (!href.startsWith('https:') && !href.startsWith('http:'))
    return { fault: `the scheme ${protocol} is not http: or https:` };
  const host = hostOfPage(url);
  return host === '' ? { fault: describeUrlError(text) } : { url, host };
}
