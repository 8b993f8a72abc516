import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith } from './folder.ts';
import { loadIn, refusalIn } from './load-in.ts';

describe('precedence', () => {
  const flag = { path: 'api.baseUrl', value: 'https://flag.example.com', from: '--base-url' };
  const env = { CAPTCHAAI_BASE_URL: 'https://env.example.com' };
  const file = 'own.json';
  const fromFile = { [file]: { api: { baseUrl: 'https://file.example.com' } } };

  it.each([
    ['flag over environment over file', { file, env, overrides: [flag] }, 'https://flag.example.com', '--base-url'],
    ['environment over file', { file, env }, 'https://env.example.com', 'CAPTCHAAI_BASE_URL'],
    ['file over default', { file }, 'https://file.example.com', file],
    ['default', {}, 'https://ocr.captchaai.com', 'default'],
  ])('is %s', async (...row) => {
    const [, request, baseUrl, from] = row;
    const folder = await folderWith(fromFile);
    const { config, settings } = await loadIn(folder, request);
    expect(config.api.baseUrl).toBe(baseUrl);
    expect(settings.find(({ path }) => path === 'api.baseUrl')).toEqual({
      path: 'api.baseUrl',
      value: baseUrl,
      from: from === file ? join(folder, file) : from,
    });
  });

  it('does not treat an empty variable as the default, so that a broken script does not use the paid service', async () => {
    const refusal = await refusalIn(await folderWith({}), { env: { CAPTCHAAI_BASE_URL: '' } });
    expect(JSON.stringify(refusal)).toContain('CAPTCHAAI_BASE_URL');
  });

  it('applies to single keys: a flag keeps the rest of its section', async () => {
    const folder = await folderWith({ '.captcharc': { retry: { maxAttempts: 5, maxUnsolvable: 4 } } });
    const overrides = [{ path: 'retry.maxAttempts', value: '1', from: '--max-attempts' }];
    expect((await loadIn(folder, { overrides })).config.retry).toMatchObject({ maxAttempts: 1, maxUnsolvable: 4 });
  });

  it('lists every key as written', async () => {
    const folder = await folderWith({ '.captcharc': { polling: { methods: { turnstile: { firstWait: '15s' } } } } });
    const { settings } = await loadIn(folder);
    const at = (wanted: string) => settings.find(({ path }) => path === wanted);
    expect(at('solve.timeout')).toEqual({ path: 'solve.timeout', value: '300s', from: 'default' });
    expect(at('polling.methods')).toEqual({
      path: 'polling.methods',
      value: { turnstile: { firstWait: '15s' } },
      from: join(folder, '.captcharc'),
    });
  });
});

describe('a flag or variable', () => {
  it.each([
    ['retry.maxAttempts', '3', { retry: { maxAttempts: 3 } }],
    ['batch.concurrency', 'auto', { batch: { concurrency: 'auto' } }],
    ['batch.concurrency', '12', { batch: { concurrency: 12 } }],
    ['batch.maxFailures', '5%', { batch: { maxFailures: { ratio: 0.05 } } }],
    ['budget.ratio', 'null', { budget: { ratio: null } }],
    ['budget.ratio', null, { budget: { ratio: null } }],
    ['budget.maxRetriesPerSecond', '0.5', { budget: { maxRetriesPerSecond: 0.5 } }],
    ['routes.countries', 'false', { routes: { countries: false } }],
    ['routes.default', '42', { routes: { default: '42' } }],
    ['regions', [{ name: 'a' }], { regions: [{ name: 'a', weight: 1 }] }],
  ])('sets %s to %j', async (path, value, expected) => {
    const folder = await folderWith({});
    expect((await loadIn(folder, { overrides: [{ path, value, from: '--flag' }] })).config).toMatchObject(expected);
  });

  it('is checked like a file, under its own name', async () => {
    const folder = await folderWith({});
    const overrides = [{ path: 'solve.timeout', value: '60', from: '--timeout' }];
    expect(await refusalIn(folder, { overrides, env: { CAPTCHAAI_BASE_URL: 'http://example.com' } })).toBe(
      [
        'the configuration is not valid:',
        '  solve.timeout (--timeout): 60 is not a duration: did you mean 60s?',
        '  api.baseUrl (CAPTCHAAI_BASE_URL): http:// would send the API key unencrypted; use https://, or set api.allowHttp',
      ].join('\n'),
    );
  });

  it('that sets no config key is a bug', async () => {
    const overrides = [{ path: 'solve.timeuot', value: '1s', from: '--timeout' }];
    await expect(loadIn(await folderWith({}), { overrides })).rejects.toThrow('--timeout sets solve.timeuot');
  });
});
