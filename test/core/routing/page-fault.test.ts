import { describe, expect, it } from 'vitest';
import { describeUrlError } from '../../../src/core/routing/page-check.ts';

describe('the error of an invalid page', () => {
  it.each([
    ['::1', 'an IPv6 address needs brackets: write [::1]'],
    ['2001:db8::1/login', 'an IPv6 address needs brackets: write [2001:db8::1]'],
    ['id,url', 'its host contains ,, which is not allowed'],
    ['1;https://a.de/', 'its host contains ;, which is not allowed'],
    ['https://a.de,b.de/x', 'its host contains ,, which is not allowed'],
    ['"https://a.de"', 'its host contains ", which is not allowed'],
    ['https://user:p,w@(a.de)', 'its host contains (, which is not allowed'],
    ['two words', 'its host contains a space, which is not allowed'],
    ['https://a|b.de', 'its host contains |, which is not allowed'],
    ['https://good.example\\@evil.example/', 'it contains a backslash, tab or line end: percent-encode it'],
    ['https://a.de/x\ty', 'it contains a backslash, tab or line end: percent-encode it'],
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
