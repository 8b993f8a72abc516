import { describe, expect, it } from 'vitest';
import { decidePolicy, type Policy } from '../../../src/core/routing/policy.ts';

const allowing = (...allow: string[]): Policy => ({ allow, deny: [] });
const denying = (...deny: string[]): Policy => ({ allow: [], deny });

describe('decidePolicy', () => {
  it.each<[Policy, string, boolean]>([
    [allowing(), 'https://example.com', true],
    [allowing('example.com'), 'https://example.com/login', true],
    [allowing('example.com'), 'https://www.example.com', false],
    [allowing('*.example.com'), 'https://www.example.com', true],
    [allowing('*.example.com'), 'https://a.b.example.com', true],
    [allowing('*.example.com'), 'https://example.com', false],
    [allowing('.example.com'), 'https://www.example.com', true],
    [allowing('.example.com'), 'https://example.com', false],
    [allowing('*.example.com'), 'https://notexample.com', false],
    [allowing('*.example.com'), 'https://example.com.evil.org', false],
    [allowing('*.Example.COM'), 'https://WWW.example.com:8443/', true],
    [allowing('bücher.de'), 'https://xn--bcher-kva.de', true],
    [allowing('*.com'), 'https://notcom', false],
    [allowing('a.com', 'b.com'), 'https://b.com', true],
    [denying('example.com'), 'https://example.com', false],
    [denying('example.com'), 'https://example.com./', false],
    [denying('example.com'), 'https:\\\\example.com/', false],
    [allowing('*.example.com'), 'https://www.example.com\\@evil.com', false],
    [allowing('*.example.com'), 'https://www.example.com\t@evil.com', false],
    [denying('example.com'), 'https:example.com', false],
    [denying('127.0.0.1'), 'http://2130706433/', false],
    [denying('example.com'), 'https://example.org', true],
    [{ allow: [], deny: ['*'] }, 'https://example.com', false],
    [{ allow: ['*'], deny: [] }, 'https://example.com', true],
    [{ allow: ['*.example.com'], deny: ['pay.example.com'] }, 'https://pay.example.com', false],
    [{ allow: ['*.example.com'], deny: ['pay.example.com'] }, 'https://shop.example.com', true],
  ])('of %j on %s allows: %s', (policy, pageurl, allowed) => {
    expect(decidePolicy(policy, pageurl).allowed).toBe(allowed);
  });

  it('allows a task without a page, with any rules', () => {
    expect(decidePolicy({ allow: ['a.com'], deny: ['b.com'] }, null)).toEqual({ allowed: true });
  });

  it('allows a page without a recognisable host only without rules', () => {
    expect(decidePolicy(allowing(), 'https://').allowed).toBe(true);
    expect(decidePolicy(denying('a.com'), 'https://')).toEqual({
      allowed: false,
      rule: 'policy (the page is not a URL)',
    });
  });

  it('names the denying rule, or that no rule allowed it', () => {
    expect(decidePolicy(denying('*.example.com'), 'https://a.example.com')).toEqual({
      allowed: false,
      rule: 'policy.deny *.example.com',
    });
    expect(decidePolicy(allowing('a.com'), 'https://b.com')).toEqual({
      allowed: false,
      rule: 'policy.allow (no pattern matches b.com)',
    });
  });
});
