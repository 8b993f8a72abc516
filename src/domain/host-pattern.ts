import { canonicalSegment, hostOf, isIpLiteral, pathSegments } from './page-url.ts';
import type { Result } from './result.ts';

/** The pages that a rule matches. */
export interface HostPattern {
  /** `all` pages, those of one `host`, those of hosts `below` it, or those under a `path` of it. */
  readonly scope: 'all' | 'host' | 'below' | 'path';
  /** In the form of `hostOf`; empty for `all`. */
  readonly host: string;
  /** Canonical path segments; not empty only for the scope `path`. */
  readonly segments: readonly string[];
  /** Equal for all patterns that match the same pages. */
  readonly canonical: string;
}

type Check = readonly [RegExp, string];

/** The first matching check names the problem; the order follows a URL from left to right. */
const checks: readonly Check[] = [
  [/^[a-z][a-z\d+.-]*:\/\/|^\/\//i, 'has a scheme: write only the host'],
  [/[\s\\\0-\x1f\x7f]/, 'has a space, a backslash or a control character, which a host cannot have'],
  [/^[^/]*@/, 'has user info: write only the host'],
  [/\?/, 'has a query: rules ignore queries'],
  [/#/, 'has a fragment: rules ignore fragments'],
  [
    /^[\d.]+\/\d{1,3}$|^\[?[\da-f]*:[\da-f]*:[\da-f:.]*\]?\/\d{1,3}$/i,
    'is an address range (CIDR), which is not supported: list the hosts (10.0.0.5), or use a suffix (.internal.example)',
  ],
  [/^[\da-f]*:[\da-f]*:[\da-f:.]*(?:\/|$)/i, 'is an IPv6 address without brackets: write for example [::1]'],
  [/^[^/[]*:|^[^/]*\]:/, 'has a port: write only the host'],
  [/^(?!\*\.)[^/]*\*|^\*\.[^/]*\*/, 'has a * in the wrong place: only *.example.com (all subdomains) is supported'],
  [/^\*?\.[^/]*\//, 'has a path after a suffix: a path needs one host'],
];

function hostIn(authority: string): string | null {
  const host = hostOf(authority);
  return host === null || host.split('.').includes('') ? null : host;
}

function parseSuffix(text: string): Result<HostPattern, string> {
  const host = hostIn(text.replace(/^\*?\./, ''));
  if (host === null) return { error: 'is not a host' };
  if (isIpLiteral(host)) return { error: 'is below an IP address, which has no subdomains' };
  return { value: { scope: 'below', host, segments: [], canonical: `*.${host}` } };
}

function segmentsIn(path: string): readonly string[] {
  const segments = pathSegments(new URL(path, 'https://host').pathname).map(canonicalSegment);
  return segments.slice(0, segments.findLastIndex((segment) => segment !== '') + 1);
}

/**
 * Parses `*`, a host, a suffix (`*.example.com` or `.example.com`: hosts below it, not the host itself), or a host with
 * path prefix. The error says what is wrong with the text, as it follows a path and a colon. Case, punycode, a trailing dot, percent-encoding and slashes at the end make no difference.
 */
export function parseHostPattern(text: string): Result<HostPattern, string> {
  if (text === '*') return { value: { scope: 'all', host: '', segments: [], canonical: '*' } };
  const problem = checks.find(([wrong]) => wrong.test(text))?.[1];
  if (problem !== undefined) return { error: problem };
  if (/^\*?\./.test(text)) return parseSuffix(text);
  const slash = text.indexOf('/');
  const host = hostIn(slash === -1 ? text : text.slice(0, slash));
  if (host === null) return { error: 'is not a host' };
  const segments = slash === -1 ? [] : segmentsIn(`/.${text.slice(slash)}`);
  const canonical = [host, ...segments].join('/');
  return { value: { scope: segments.length === 0 ? 'host' : 'path', host, segments, canonical } };
}
