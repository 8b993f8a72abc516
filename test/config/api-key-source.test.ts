import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiKeySource, loadApiKey } from '../../src/config/api-key.ts';
import { aConfig } from '../cli/support/a-config.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'captcha-test-'));
  for (const name of ['variable-file', 'config-file']) await writeFile(join(folder, name), `key-of-${name}\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the source of the API key', () => {
  it.each([
    [['CAPTCHAAI_API_KEY', 'CAPTCHAAI_API_KEY_FILE', 'keyFile', 'MY_KEY'], 'CAPTCHAAI_API_KEY'],
    [['CAPTCHAAI_API_KEY_FILE', 'keyFile', 'MY_KEY'], 'variable-file'],
    [['keyFile', 'MY_KEY', 'keyCommand'], 'config-file'],
    [['MY_KEY', 'keyCommand'], 'MY_KEY'],
    [['keyCommand'], 'keyCommand'],
  ])('of %j is %s, as in the loader', async (set, name) => {
    const keyFile = set.includes('keyFile') ? join(folder, 'config-file') : null;
    const keyCommand = set.includes('keyCommand') ? ['echo', 'key-of-keyCommand'] : null;
    const config = aConfig({ api: { keyEnv: 'MY_KEY', keyFile, keyCommand } });
    const values = {
      CAPTCHAAI_API_KEY: 'key-of-CAPTCHAAI_API_KEY',
      CAPTCHAAI_API_KEY_FILE: join(folder, 'variable-file'),
      MY_KEY: 'key-of-MY_KEY',
    };
    const env = Object.fromEntries(Object.entries(values).filter(([variable]) => set.includes(variable)));
    const source = apiKeySource(config, env);
    expect(JSON.stringify(source).includes(`${name}"`)).toBe(true);
    expect(await loadApiKey(config, env)).toBe(`key-of-${name}`);
  });

  it('is null if nothing is set, or if only an unreadable configuration could name it', () => {
    expect(apiKeySource(aConfig(), {})).toBeNull();
    expect(apiKeySource(null, { MY_KEY: 'x' })).toBeNull();
    expect(apiKeySource(null, { CAPTCHAAI_API_KEY: 'x' })).toEqual({ type: 'variable', name: 'CAPTCHAAI_API_KEY' });
  });
});
