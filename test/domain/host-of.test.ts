import { describe, expect, it } from 'vitest';
import { hostOf } from '../../src/domain/page-url.ts';

describe('hostOf', () => {
  it.each([
    ['https://example.com/login?next=/', 'example.com'],
    ['https://Shop.EXAMPLE.com', 'shop.example.com'],
    ['example.com', 'example.com'],
    ['example.com/path', 'example.com'],
    ['//example.com/path', 'example.com'],
    ['  https://example.com  ', 'example.com'],
    ['https://example.com:8443/', 'example.com'],
    ['example.com:8443/', 'example.com'],
    ['localhost:3000', 'localhost'],
    ['https://user:secret@example.com/', 'example.com'],
    ['https://example.org@example.com/', 'example.com'],
    ['https://example.com./', 'example.com'],
    ['https://example.com../', 'example.com'],
    ['https://bücher.de/', 'xn--bcher-kva.de'],
    ['https://XN--BCHER-KVA.de/', 'xn--bcher-kva.de'],
    ['http://127.0.0.1:8080/', '127.0.0.1'],
    ['http://2130706433/', '127.0.0.1'],
    ['http://0x7f.1/', '127.0.0.1'],
    ['http://[::1]:8080/', '[::1]'],
    ['http://[0:0:0:0:0:0:0:1]/', '[::1]'],
    ['https:example.com/login', 'example.com'],
    ['https:\\\\example.com\\login', 'example.com'],
    ['HTTPS:/example.com', 'example.com'],
    ['app://Example.COM/', 'example.com'],
    ['\u0001https://a.b', 'a.b'],
    ['ht\ttps://exam\nple.com', 'example.com'],
    ['httpbin.org:8080/post', 'httpbin.org'],
  ])('of %s is %s', (pageurl, host) => {
    expect(hostOf(pageurl)).toBe(host);
  });

  it.each([
    '',
    '   ',
    'https://',
    'https://a,b.de/',
    'https://(a.de)/',
    'id;url',
    '"a.de"',
    'https://exa mple.com/',
    'http://[::1',
    'file:///etc/passwd',
    'a:b:c',
    '/login',
    '\\login',
    'file:/etc/passwd',
    'https://./',
    'a\u0001.b',
  ])('of %j is null', (pageurl) => {
    expect(hostOf(pageurl)).toBe(null);
  });
});
