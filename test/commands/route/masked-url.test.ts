import { describe, expect, it } from 'vitest';
import { maskedText, maskedUrl } from '../../../src/commands/route/route-urls.ts';

describe('the URL of a page', () => {
  it.each([
    'https://example.com/login',
    'https://example.com/@user/post',
    'https://example.com:8443/@user',
    'https://example.com/?mail=a@example.com',
    'https://example.com#a@b',
    'example.com',
    '@example.com',
    'https://:@example.com/',
    '',
  ])('%j is shown unchanged', (url) => {
    expect(maskedUrl(url)).toBe(url);
  });

  it.each([
    ['https://user:secret@example.com/x', 'https://user:***@example.com/x'],
    ['https://token@example.com/', 'https://***@example.com/'],
    ['https://user:se:cr@et@example.com/a@b', 'https://user:***@example.com/a@b'],
    ['https://user:two words@example.com', 'https://user:***@example.com'],
    ['https:user:secret@example.com', 'https:user:***@example.com'],
    ['https:\\\\user:secret@example.com\\x', 'https:\\\\user:***@example.com\\x'],
    ['//user:secret@example.com', '//user:***@example.com'],
    ['user:secret@example.com/x', 'user:***@example.com/x'],
    ['user:1234@example.com/x', 'user:***@example.com/x'],
    ['ht\ttps://user:sec\tret@example.com', 'https://user:***@example.com'],
    ['\u0001https://user:secret@example.com', 'https://user:***@example.com'],
  ])('%j is shown as %j', (url, shown) => {
    expect(maskedUrl(url)).toBe(shown);
  });

  it('is masked quickly, however odd it is', () => {
    const odd = [`${'/\\'.repeat(200_000)}@`, `${' '.repeat(400_000)}/@`, `${'a:'.repeat(200_000)}/@`];
    expect(odd.map((url) => maskedUrl(url).length > 100_000)).toEqual([true, true, true]);
  }, 2_000);
});

describe('a text that is not a URL', () => {
  it.each([
    ['https://user:secret@bad host/', 'https://user:***@bad host/'],
    ['https://user:sec/ret@example.com/', 'https://user:***@example.com/'],
    ['proxy.example.com:8080:user:secret', 'proxy.example.com:8080:user:***'],
    ['not a url', 'not a url'],
  ])('%j is shown as %j', (text, shown) => {
    expect(maskedText(text)).toBe(shown);
  });

  it('is truncated if it is very long', () => {
    expect(maskedText('a:'.repeat(500_000))).toHaveLength(2_001);
  }, 2_000);
});
