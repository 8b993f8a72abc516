const ambiguous = /[\\\t\n\r]/;

/**
 * Whether browsers and RFC 3986 read a page's text differently: `https://a\@b` is host a to the former, and b to the latter.
 * The text is sent as it is, and nobody knows how the other side reads it.
 */
export function isReadInTwoWays(pageurl: string): boolean {
  return ambiguous.test(pageurl.trim());
}
