import { describe, expect, it } from 'vitest';
import { crossProblems } from '../../src/config/cross-checks.ts';

/** The problems of rules with these patterns, each with its path. */
function problemsOf(...matches: unknown[]): readonly string[] {
  const rules = matches.map((match) => ({ match, region: 'a' }));
  return crossProblems({ regions: [{ name: 'a' }], routes: { rules } }).map(
    ({ path, problem }) => `${path}: ${problem}`,
  );
}

const cidr =
  'is an address range (CIDR), which is not supported: list the hosts (10.0.0.5), or use a suffix (.internal.example)';
const bareIpv6 = 'is an IPv6 address without brackets: write for example [::1]';

describe('rules of routes', () => {
  it.each([
    'example.com',
    '*.example.com',
    '.co.uk',
    'example.com/eu',
    'bücher.de',
    '10.0.0.5',
    '[::1]',
    'localhost',
    '10.0.0.5/eu',
  ])('may match %s', (match) => expect(problemsOf(match)).toEqual([]));

  it.each<readonly [string, string]>([
    ['https://example.com', 'has a scheme: write only the host'],
    ['example.com:443', 'has a port: write only the host'],
    ['me:secret@example.com', 'has user info: write only the host'],
    ['example.com/eu?x', 'has a query: rules ignore queries'],
    ['*', 'matches every host: set routes.default instead'],
    ['*.example.com/eu', 'has a path after a suffix: a path needs one host'],
    ['exa%mple', 'is not a host'],
    ['a.de,b.de', 'is not a host'],
    ...['10.0.0.0/8', '192.168/16', '[2001:db8::]/32', '2001:db8::/32'].map((range) => [range, cidr] as const),
    ...['::1', '2001:db8::1/login'].map((address) => [address, bareIpv6] as const),
  ])('may not match %s', (match, problem) => {
    expect(problemsOf('a.de', match)).toEqual([`routes.rules[1].match: ${problem}`]);
  });

  it.each([
    ['example.com', 'example.com', 'example.com'],
    ['example.com', 'EXAMPLE.com.', 'example.com'],
    ['example.com', 'example.com/', 'example.com'],
    ['*.example.com', '.example.com', '*.example.com'],
    ['bücher.de', 'xn--bcher-kva.de', 'xn--bcher-kva.de'],
    ['127.0.0.1', '0x7f.1', '127.0.0.1'],
    ['example.com/eu', 'example.com/%65u/', 'example.com/eu'],
  ])('%s and %s are duplicates', (first, second, canonical) => {
    expect(problemsOf(first, 'other.com', second)).toEqual([
      `routes.rules[2].match: is equivalent to routes.rules[0].match: ${canonical}`,
    ]);
  });

  it.each([
    ['example.com', '*.example.com'],
    ['example.com', 'example.com/eu'],
    ['example.com/eu', 'example.com/EU'],
    ['*.example.com', '*.www.example.com'],
  ])('%s and %s are different rules', (first, second) => {
    expect(problemsOf(first, second)).toEqual([]);
  });

  it('name the first of several equivalent rules', () => {
    expect(problemsOf('a.de', 'A.de', 'a.de.')).toEqual([
      'routes.rules[1].match: is equivalent to routes.rules[0].match: a.de',
      'routes.rules[2].match: is equivalent to routes.rules[0].match: a.de',
    ]);
  });

  it('show no password', () => {
    expect(problemsOf('me:secret@example.com', 'https://me:secret@example.com').join()).not.toContain('secret');
  });

  it('are skipped if they are not text, which the schema reports', () => {
    expect(problemsOf(5, null, {})).toEqual([]);
    expect(crossProblems({ routes: { rules: 'all' } })).toEqual([]);
  });
});
