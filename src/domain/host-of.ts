import { parsePageUrl } from './page-url.ts';

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
