import { describe, expect, it } from 'vitest';
import { describeUrlError } from '../../../src/core/routing/page-check.ts';

describe('the error of an invalid page', () => {
  it.each([
    ['::1', 'an IPv6 address stands in brackets: write [::1]'],
    ['2001:db8::1/login', 'an IPv6 address stands in brackets: write [2001:db8::1]'],
    ['id,url', 'its host has , in it, which no host has'],
    ['1;https://a.de/', 'its host has ; in it, which no host has'],
    ['https://a.de,b.de/x', 'its host has , in it, which no host has'],
    ['"https://a.de"', 'its host has " in it, which no host has'],
    ['https://user:p,w@(a.de)', 'its host has ( in it, which no host has'],
    ['two words', 'its host has a blank in it, which no host has'],
    ['https://a|b.de', 'its host has | in it, which no host has'],
    ['https://good.example\\@evil.example/', 'a backslash, tab or line end is read in two ways: percent-encode it'],
    ['https://a.de/x\ty', 'a backslash, tab or line end is read in two ways: percent-encode it'],
    ['https://a.de:99999/', 'not a URL'],
    ['a:b', 'not a URL'],
    ['', 'not a URL'],
  ])('%j: %s', (text, reason) => {
    expect(describeUrlError(text)).toBe(reason);
  });

  it('is found quickly for any text', () => {
    for (const odd of [' ', ':', '/', 'a:', '@']) expect(describeUrlError(odd.repeat(300_000))).toBeTypeOf('string');
  }, 2_000);
});
