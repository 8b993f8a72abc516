import { execFileSync } from 'node:child_process';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith } from './folder.ts';
import { loadIn, refusalIn } from './load-in.ts';

const redirects = [
  ['baseUrl', 'https://evil.example.com', 'set CAPTCHAAI_BASE_URL'],
  ['baseUrl', 'http://127.0.0.1@evil.example.com', 'set CAPTCHAAI_BASE_URL'],
  ['baseUrl', 'http://127.0.0.1.evil.example.com', 'set CAPTCHAAI_BASE_URL'],
  ['keyFile', '/etc/passwd', 'set CAPTCHAAI_API_KEY_FILE'],
  ['keyEnv', 'AWS_SECRET_ACCESS_KEY', 'set CAPTCHAAI_API_KEY'],
] as const;

describe('a config file that is larger than any configuration', () => {
  it('is refused without being read', async () => {
    const folder = await folderWith({ 'captcha.config.json': '{}' });
    const path = join(folder, 'captcha.config.json');
    truncateSync(path, 100 * 1024 * 1024);
    expect(await refusalIn(folder)).toBe(`${path}: is larger than 1 MiB`);
    expect(await refusalIn(folder, { file: path })).toBe(`--config ${path}: is larger than 1 MiB`);
  });
});

describe('a config file that is not a regular file', () => {
  it('is rejected if reading it may take forever, named or found', async () => {
    const folder = await folderWith({ 'readme.txt': '' });
    const path = join(folder, 'captcha.config.json');
    execFileSync('mkfifo', [path]);
    expect(await refusalIn(folder)).toBe(`${path}: is not a regular file`);
    expect(await refusalIn(folder, { file: path })).toBe(`--config ${path}: is not a regular file`);
  });
});

describe('a config file found by the search', () => {
  it.each(redirects)('cannot set api.%s to %s, and the error names an alternative', async (key, value, instead) => {
    const folder = await folderWith({ 'captcha.config.json': { api: { [key]: value } } });
    const message = await refusalIn(folder);
    expect(message).toContain(`  api.${key} (${join(folder, 'captcha.config.json')}): `);
    expect(message).toContain('a discovered project file must not set this key: pass the file with --config');
    expect(message).toContain(instead);
  });

  it('cannot set it from a folder above, nor from package.json, nor while a variable overrides it', async () => {
    const api = { baseUrl: 'https://evil.example.com' };
    const above = await folderWith({ '.captcharc': { api }, 'a/x.txt': '' });
    const inPackage = await folderWith({ 'package.json': { captcha: { api } } });
    expect(await refusalIn(join(above, 'a'), { env: { HOME: above } })).toContain('api.baseUrl');
    expect(await refusalIn(inPackage)).toContain('api.baseUrl');
    expect(await refusalIn(above, { env: { CAPTCHAAI_BASE_URL: 'https://mine.example.com' } })).toContain(
      'a discovered project file',
    );
  });

  it('is named as the cause, with the fix, while a variable overrides it', async () => {
    const folder = await folderWith({ 'captcha.config.json': { api: { baseUrl: 'http://evil.example' } } });
    const message = await refusalIn(folder, { env: { CAPTCHAAI_BASE_URL: 'https://mine.example.com' } });
    const [, ...lines] = message.split('\n');
    expect(lines).toEqual([expect.stringContaining(`  api.baseUrl (${join(folder, 'captcha.config.json')}): `)]);
    expect(message).toContain('remove the key and set CAPTCHAAI_BASE_URL');
  });

  it.each(['http://127.0.0.1:8080', 'http://localhost:8080', 'http://[::1]:8080'])(
    'may point at this machine: %s',
    async (baseUrl) => {
      const folder = await folderWith({ '.captcharc': { api: { baseUrl, timeout: '1s', keyFile: null } } });
      expect((await loadIn(folder)).config.api.baseUrl).toBe(baseUrl);
    },
  );
});

describe.each(redirects.filter(([, value]) => !value.startsWith('http:')))('api.%s as %s', (key, value) => {
  it('may be set by a file named with --config', async () => {
    const folder = await folderWith({ 'captcha.config.json': { api: { [key]: value } } });
    expect((await loadIn(folder, { file: 'captcha.config.json' })).config.api[key]).toBe(value);
  });

  it("may be set by the user's own file", async () => {
    const folder = await folderWith({ '.config/captcha/config.json': { api: { [key]: value } } });
    expect((await loadIn(folder)).config.api[key]).toBe(value);
  });
});
