import { describe, expect, it } from 'vitest';
import { proxyFor } from '../../../src/adapters/http/proxy.ts';
import { isLoopbackName } from '../../../src/domain/loopback.ts';
import { UsageError } from '../../../src/domain/errors.ts';

const https = new URL('https://ocr.captchaai.com');
const http = new URL('http://solver.example.com');

describe('proxyFor', () => {
  it.each<[string, NodeJS.ProcessEnv, URL, { url: string; exceptions: string } | null]>([
    ['no variable', {}, https, null],
    ['HTTPS_PROXY for https', { HTTPS_PROXY: 'http://p:1' }, https, { url: 'http://p:1', exceptions: '' }],
    ['HTTP_PROXY for http', { HTTP_PROXY: 'http://p:1' }, http, { url: 'http://p:1', exceptions: '' }],
    ['HTTP_PROXY not for https', { HTTP_PROXY: 'http://p:1' }, https, null],
    ['HTTPS_PROXY not for http', { HTTPS_PROXY: 'http://p:1' }, http, null],
    [
      'lower case first',
      { https_proxy: 'http://low:1', HTTPS_PROXY: 'http://up:1' },
      https,
      { url: 'http://low:1', exceptions: '' },
    ],
    ['an empty variable as none', { https_proxy: '', HTTPS_PROXY: '' }, https, null],
    [
      'a proxy without a scheme',
      { https_proxy: 'p.example:3128' },
      https,
      { url: 'http://p.example:3128', exceptions: '' },
    ],
    [
      'a proxy with a password',
      { https_proxy: 'http://u:p%40ss@p:1/' },
      https,
      { url: 'http://u:p%40ss@p:1/', exceptions: '' },
    ],
    ['NO_PROXY along', { https_proxy: 'http://p:1', NO_PROXY: 'a,b' }, https, { url: 'http://p:1', exceptions: 'a,b' }],
  ])('reads %s', (_name, env, ...[baseUrl, proxy]) => {
    const found = proxyFor(baseUrl, env);
    expect(found && { url: found.url, exceptions: found.exceptions }).toEqual(proxy);
  });

  it.each([
    ['http://user:p%40ss@p:1', 'user:p@ss'],
    ['http://user@p:1', 'user:'],
    ['http://:pass@p:1', ':pass'],
  ])('has the login of %s', (url, login) => {
    const authorization = `Basic ${Buffer.from(login).toString('base64')}`;
    expect(proxyFor(https, { HTTPS_PROXY: url })).toMatchObject({ authorization });
  });

  it.each([
    ['https://a.example.com', '*'],
    ['https://a.example.com', 'other.test, example.com'],
    ['https://a.example.com', '.example.com'],
    ['https://a.example.com', '*.example.com'],
    ['https://a.example.com', 'EXAMPLE.com.'],
    ['https://a.example.com:8443', 'example.com:8443'],
    ['https://a.example.com', 'example.com:443'],
    ['http://10.1.2.3', '10.0.0.0/8'],
    ['http://10.1.2.3:8080', '192.168.0.0/16 10.1.2.0/24'],
    ['http://[fd00::7]:8080', 'fd00::/8'],
    ['http://[2001:db8::1]', '[2001:db8::1]'],
    ['http://[2001:db8::1]', '2001:db8::1'],
  ])('has none for %s with NO_PROXY %s', (url, exceptions) => {
    const env = { HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'http://p:1', NO_PROXY: exceptions };
    expect(proxyFor(new URL(url), env)).toBeNull();
  });

  it.each([
    ['https://notexample.com', 'example.com'],
    ['https://a.example.com', 'example.com:8443'],
    ['http://11.1.2.3', '10.0.0.0/8'],
    ['http://10.1.2.3', '10.0.0.0/99'],
    ['http://10.1.2.3', 'fd00::/8'],
    ['http://110.1.2.3', '10.1.2.3'],
    ['https://example.com', 'a.example.com'],
  ])('has one for %s with NO_PROXY %s', (url, exceptions) => {
    const env = { HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'http://p:1', NO_PROXY: exceptions };
    expect(proxyFor(new URL(url), env)).not.toBeNull();
  });

  it.each([
    'http://127.0.0.1:8080',
    'https://127.9.8.7',
    'http://localhost',
    'http://sub.localhost:1',
    'http://[::1]:80',
    'http://LOCALHOST.',
  ])('has none for %s, even if the variable is malformed', (baseUrl) => {
    const env = { HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'http://p:1' };
    expect(proxyFor(new URL(baseUrl), env)).toBeNull();
    expect(proxyFor(new URL(baseUrl), { http_proxy: '::', https_proxy: '::' })).toBeNull();
  });

  it.each([
    'http://user:s3cret',
    'http://user:s3cret@',
    'http://user:s3cret@host:99999',
    'http://user:s3/cret@host:1',
    'http://user:12/s3cret@host',
    'http://user:s3cret%zz@host:1',
    'socks5://user:s3cret@host:1080',
    'user:s3cret@host:bad',
    '://s3cret',
  ])('refuses %s without the password', (value) => {
    const attempt = (): unknown => proxyFor(https, { HTTPS_PROXY: value });
    expect(attempt).toThrow(UsageError);
    expect(attempt).toThrow(/^HTTPS_PROXY is not the URL of an HTTP proxy/);
    expect(attempt).not.toThrow(/s3|cret/);
  });
});

describe('isLoopbackName', () => {
  it.each(['127.0.0.1', '127.255.0.3', 'localhost', 'LocalHost.', 'a.b.localhost', '[::1]', '[::ffff:7f00:1]'])(
    'is true for %s',
    (host) => {
      expect(isLoopbackName(host)).toBe(true);
    },
  );

  it.each([
    '128.0.0.1',
    '10.127.0.0',
    '127.0.0.1.example.com',
    'localhost.example.com',
    'notlocalhost',
    '[::2]',
    '[::ffff:8000:1]',
  ])('is false for %s', (host) => {
    expect(isLoopbackName(host)).toBe(false);
  });
});
