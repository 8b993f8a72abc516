import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import { checkPolling, methodTiming } from '../../src/config/polling-advice.ts';
import { type Config, configSchema } from '../../src/config/schema.ts';
import { UsageError } from '../../src/domain/errors.ts';

const configWith = (polling: object, baseUrl = 'https://ocr.captchaai.com'): Config =>
  v.parse(configSchema, { api: { baseUrl }, polling });

const turnstile = { method: 'turnstile', params: {} };

describe('methodTiming', () => {
  it.each([
    ["planned from the method's cold start", {}, turnstile, [null, 5_000, [3_000, 5_000], 120_000]],
    ['planned sooner for an image', {}, { method: 'base64', params: {} }, [null, 5_000, [1_000, 2_500, 5_000], null]],
    ['an unknown method', {}, { method: 'constructor', params: {} }, [null, 5_000, [3_000, 5_000], 120_000]],
    ['polling', { firstWait: '1s', interval: '9s' }, turnstile, [1_000, 9_000, [3_000, 5_000], 120_000]],
    [
      'polling.methods over polling',
      { firstWait: '1s', interval: '9s', methods: { turnstile: { firstWait: '2s' } } },
      turnstile,
      [2_000, 9_000, [3_000, 5_000], 120_000],
    ],
    [
      'auto in polling.methods',
      { firstWait: '1s', methods: { turnstile: { firstWait: 'auto', interval: '8s' } } },
      turnstile,
      [null, 8_000, [3_000, 5_000], 120_000],
    ],
  ] as const)('is %s', (...row) => {
    const [, polling, task, [firstWaitMs, intervalMs, coldStartMs, lifetimeMs]] = row;
    expect(methodTiming(configWith(polling), task)).toEqual({ firstWaitMs, intervalMs, coldStartMs, lifetimeMs });
  });
});

describe('checkPolling', () => {
  const fast = { firstWait: '1s', interval: '1s' };

  it('accepts the defaults and longer values', () => {
    expect(() => checkPolling(configWith({}), false)).not.toThrow();
    expect(() => checkPolling(configWith({ firstWait: '3s', interval: '6s' }), false)).not.toThrow();
  });

  it.each([
    [{ interval: '4s' }, '  polling.interval: 4s is shorter than the 5s that CaptchaAI advises ('],
    [{ firstWait: '2s' }, '  polling.firstWait: 2s is shorter than the 3s that CaptchaAI advises (for '],
    [
      { methods: { turnstile: { firstWait: '2s' } } },
      '  polling.methods.turnstile.firstWait: 2s is shorter than the 3s that CaptchaAI advises (for turnstile',
    ],
    [
      { methods: { brand_new: { interval: '500ms' } } },
      '  polling.methods.brand_new.interval: 0.5s is shorter than the 5s that CaptchaAI advises (for brand_new',
    ],
  ])('refuses %j against CaptchaAI', (polling, line) => {
    expect(() => checkPolling(configWith(polling), false)).toThrow(line);
  });

  it('names each too short path once', () => {
    const refusal = vi.fn(() => checkPolling(configWith(fast), false));
    expect(refusal).toThrow(UsageError);
    const error: unknown = refusal.mock.results[0]?.value;
    expect((error as Error).message.split('\n')).toHaveLength(3);
    expect(error).toMatchObject({
      name: 'UsageError',
      hint: expect.stringContaining('--allow-fast-polling') as string,
    });
  });

  it.each([
    ['https://captchaai.com', true],
    ['https://OCR.CaptchaAI.com/prefix', true],
    ['https://ocr.captchaai.com.', true],
    ['https://notcaptchaai.com', false],
    ['https://captchaai.com.example.com', false],
    ['http://127.0.0.1:8080', false],
  ])('treats %s as CaptchaAI: %s', (baseUrl, counts) => {
    const check = () => checkPolling(configWith(fast, baseUrl), false);
    if (counts) expect(check).toThrow('faster than CaptchaAI advises');
    else expect(check).not.toThrow();
  });

  it('accepts it with --allow-fast-polling', () => {
    expect(() => checkPolling(configWith(fast), true)).not.toThrow();
  });
});
