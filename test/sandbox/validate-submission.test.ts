import { describe, expect, it } from 'vitest';
import type { Quirk } from '../../src/sandbox/quirks.ts';
import { parameterRefusal } from '../../src/sandbox/submit.ts';
import { anImage } from '../support/an-image.ts';

type Values = Record<string, string>;

const check = (values: Values, file: { name: string; size: number } | null = null, ...quirks: Quirk[]) =>
  parameterRefusal(
    { values, upload: file && { name: file.name, bytes: anImage('png', file.size) } },
    new Set<Quirk>(quirks),
  );

const pageurl = 'https://example.com/a';
const image = (size: number): string => anImage('png', size).toString('base64');

describe('a submission is accepted', () => {
  it.each<[string, Values]>([
    ['recaptcha', { method: 'userrecaptcha', googlekey: '6Le-x_1', pageurl }],
    ['turnstile', { method: 'turnstile', sitekey: '0x4', pageurl }],
    [
      'with a proxy',
      { method: 'cloudflare_challenge', pageurl, proxy: 'user:p@ss@203.0.113.7:8080', proxytype: 'HTTP' },
    ],
    ['geetest', { method: 'geetest', gt: 'g', challenge: 'c', pageurl }],
    ['geetest v4', { method: 'geetest', version: '4', gt: 'g', pageurl }],
    ['with SOCKS', { method: 'turnstile', sitekey: 's', pageurl, proxy: '203.0.113.7:1080', proxytype: 'SOCKS5' }],
    ['hcaptcha', { method: 'hcaptcha', sitekey: 's', pageurl }],
    ['vkcaptcha', { method: 'vkcaptcha', redirect_uri: 'r', useragent: 'u', proxy: 'h:1', proxytype: 'HTTP' }],
    ['with text instructions', { method: 'bounding_box', image: image(100), textinstructions: 'cars' }],
    ['with an image of instructions', { method: 'bounding_box', image: image(100), imginstructions: image(100) }],
    ['image in body of the method post', { method: 'post', body: image(100), recaptcha: '1' }],
    ['of a method that only 2captcha has', { method: 'funcaptcha', publickey: 'p', pageurl }],
    ['image', { method: 'base64', body: image(100) }],
    ['image of the greatest size', { method: 'base64', body: image(1024 * 1024) }],
    ['image as a data URL', { method: 'base64', body: `data:image/png;base64,${image(100)}` }],
    ['image whose pluses were not escaped', { method: 'base64', body: image(200).replaceAll('+', ' ') }],
    ['text CAPTCHA', { textcaptcha: 'two and two?' }],
    ['unsolvable image', { method: 'base64', body: 'sandbox-unsolvable' }],
  ])('%s', (_, values) => {
    expect(check(values)).toBeNull();
  });

  it.each(['a.png', 'a.JPEG', 'file', 'a.b.gif'])('with the file %s', (name) => {
    expect(check({ method: 'post' }, { name, size: 500 })).toBeNull();
    expect(check({}, { name, size: 500 })).toBeNull();
  });

  it.each([
    { method: 'rotatecaptcha' },
    { method: 'vkimage', steps: '[1,2]' },
    { method: 'base64', recaptcha: '1' },
    { method: 'bounding_box', textinstructions: 'cars' },
  ])('with the file of a form: %j', (values) => {
    expect(check(values, { name: 'a.png', size: 500 })).toBeNull();
  });

  it('with a SOCKS proxy and a type in lower case, by a quirk', () => {
    const values = { method: 'cloudflare_challenge', pageurl, proxy: '203.0.113.7:1080', proxytype: 'socks5' };
    expect(check(values)).toBe('ERROR_BAD_PARAMETERS');
    expect(check(values, null, 'any-proxytype')).toBeNull();
  });
});

describe('a submission is refused', () => {
  it.each<[string, Values]>([
    ['ERROR_METHOD_CALL', {}],
    ['ERROR_METHOD_CALL', { method: 'nonsense', sitekey: 's', pageurl }],
    ['ERROR_PAGEURL', { method: 'turnstile', sitekey: 's' }],
    ['ERROR_PAGEURL', { method: 'turnstile', sitekey: 's', pageurl: 'example.com' }],
    ['ERROR_PAGEURL', { method: 'turnstile', sitekey: 's', pageurl: 'ftp://example.com' }],
    ['ERROR_PAGEURL', { method: 'turnstile', sitekey: 's', pageurl: 'https://' }],
    ['ERROR_WRONG_GOOGLEKEY', { method: 'userrecaptcha', pageurl }],
    ['ERROR_WRONG_GOOGLEKEY', { method: 'userrecaptcha', googlekey: ' ', pageurl }],
    ['ERROR_WRONG_GOOGLEKEY', { method: 'userrecaptcha', sitekey: '6Le', pageurl }],
    ['ERROR_BAD_PARAMETERS', { method: 'turnstile', googlekey: '0x4', pageurl }],
    ['ERROR_BAD_PARAMETERS', { method: 'geetest', gt: 'g', pageurl }],
    ['ERROR_BAD_PARAMETERS', { method: 'cloudflare_challenge', pageurl }],
    ['ERROR_BAD_PARAMETERS', { method: 'turnstile', sitekey: 's', pageurl, proxytype: 'FTP' }],
    ['ERROR_BAD_PARAMETERS', { method: 'turnstile', sitekey: 's', pageurl, proxy: 'HTTP:1.2.3.4:80:u:p' }],
    ['ERROR_BAD_PARAMETERS', { method: 'turnstile', sitekey: 's', pageurl, proxy: 'h:1', proxytype: 'http' }],
    ['ERROR_BAD_PARAMETERS', { method: 'cloudflare_challenge', pageurl, proxy: 'h:1', proxytype: 'SOCKS5' }],
    ['ERROR_BAD_PARAMETERS', { method: 'base64' }],
    ['ERROR_UPLOAD', { method: 'base64', body: '<not base64>' }],
    ['ERROR_IMAGE_TYPE_NOT_SUPPORTED', { method: 'base64', body: Buffer.alloc(200, 'text').toString('base64') }],
    ['ERROR_UPLOAD', { method: 'post' }],
  ])('with %s: %j', (code, values) => {
    expect(check(values)).toBe(code);
  });

  it.each([
    ['ERROR_ZERO_CAPTCHA_FILESIZE', 99],
    ['ERROR_TOO_BIG_CAPTCHA_FILESIZE', 1024 * 1024 + 1],
  ])('with %s for an image of %d bytes', (code, size) => {
    expect(check({ method: 'base64', body: image(size) })).toBe(code);
  });

  it.each([
    ['ERROR_ZERO_CAPTCHA_FILESIZE', { name: 'a.png', size: 0 }],
    ['ERROR_TOO_BIG_CAPTCHA_FILESIZE', { name: 'a.png', size: 1024 * 1024 + 1 }],
    ['ERROR_WRONG_FILE_EXTENSION', { name: 'a.pdf', size: 500 }],
  ])('with %s for the file %j', (code, file) => {
    expect(check({ method: 'post' }, file)).toBe(code);
  });
});
