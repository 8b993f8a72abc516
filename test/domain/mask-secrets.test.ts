import { describe, expect, it } from 'vitest';
import { maskSecrets } from '../../src/domain/mask-secrets.ts';

describe('maskSecrets', () => {
  it.each([
    ['redis://:pw@redis:6379/0', 'redis://:***@redis:6379/0'],
    ['rediss://user:p@ss:w/rd@redis:6379', 'rediss://user:***@redis:6379'],
    ['https://token@queue.example.com/x', 'https://***@queue.example.com/x'],
    ['user:pw@10.0.0.1:8080', 'user:***@10.0.0.1:8080'],
    ['user:p@ss@10.0.0.1:8080', 'user:***@10.0.0.1:8080'],
    ['10.0.0.1:8080:user:p:w', '10.0.0.1:8080:user:***'],
    ['socks5://user:pw@10.0.0.1:8080', 'socks5://user:***@10.0.0.1:8080'],
    ['the proxy user:pw@host failed', 'the proxy user:***@host failed'],
    ['redis://r:6379/0?password=pw&db=1', 'redis://r:6379/0?password=***&db=1'],
    ['https://example.com/in.php?key=abc&method=x', 'https://example.com/in.php?key=***&method=x'],
  ])('masks %s', (text, masked) => {
    expect(maskSecrets(text)).toBe(masked);
  });

  it.each([
    'https://ocr.captchaai.com',
    'http://127.0.0.1:8080/health',
    'redis://redis:6379/0',
    'sqs://captcha-tasks-us-east',
    '10.0.0.1:8080',
    'shop.example.com/eu',
    ':@shop.example.com',
    '@shop.example.com',
    '5s',
  ])('does not change %s', (text) => {
    expect(maskSecrets(text)).toBe(text);
  });

  it('masks values with a secret name, at any depth, and nothing else', () => {
    const written = {
      api: { keyEnv: 'CAPTCHAAI_API_KEY', keyFile: '/run/secrets/key', timeoutMs: 5 },
      regions: [
        { name: 'a', location: null, params: { proxy: 'u:pw@h:1', password: 'pw', cookies: 'a:b', proxytype: 'HTTP' } },
      ],
    };
    expect(maskSecrets(written)).toEqual({
      api: written.api,
      regions: [
        {
          name: 'a',
          location: null,
          params: { proxy: 'u:***@h:1', password: '***', cookies: '***', proxytype: 'HTTP' },
        },
      ],
    });
  });

  it.each([
    'a'.repeat(1_000_000),
    'a:'.repeat(500_000),
    `?${'a'.repeat(1_000_000)}`,
    '?a=b'.repeat(200_000),
    `${'//:'.repeat(300_000)}@`,
    'http://a'.repeat(100_000),
  ])('takes no longer for a long text than its length asks for', (text) => {
    expect(maskSecrets(text)).toHaveLength(text.length);
  });

  it('does not modify its input', () => {
    const written = { url: 'redis://:pw@r' };
    maskSecrets(written);
    expect(written.url).toBe('redis://:pw@r');
  });
});
