import { execFileSync } from 'node:child_process';
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

describe('a config file that is none', () => {
  it('is refused where reading it may take for ever, named or found', async () => {
    const folder = await folderWith({ 'readme.txt': '' });
    const path = join(folder, 'captcha.config.json');
    execFileSync('mkfifo', [path]);
    expect(await refusalIn(folder)).toBe(`${path}: is not a regular file`);
    expect(await refusalIn(folder, { file: path })).toBe(`--config ${path}: is not a regular file`);
  });
});

describe('a config file that was found', () => {
  it.each(redirects)('cannot set api.%s to %s, and says what can', async (key, value, instead) => {
    const folder = await folderWith({ 'captcha.config.json': { api: { [key]: value } } });
    const message = await refusalIn(folder);
    expect(message).toContain(`  api.${key} (${join(folder, 'captcha.config.json')}): `);
    expect(message).toContain('a discovered project file must not set this key: pass the file with --config');
    expect(message).toContain(instead);
  });

  it('cannot do so from a folder above, nor from package.json, nor while a variable overrides it', async () => {
    const api = { baseUrl: 'https://evil.example.com' };
    const above = await folderWith({ '.captcharc': { api }, 'a/x.txt': '' });
    const inPackage = await folderWith({ 'package.json': { captcha: { api } } });
    expect(await refusalIn(join(above, 'a'), { env: { HOME: above } })).toContain('api.baseUrl');
    expect(await refusalIn(inPackage)).toContain('api.baseUrl');
    expect(await refusalIn(above, { env: { CAPTCHAAI_BASE_URL: 'https://mine.example.com' } })).toContain(
      'a discovered project file',
    );
  });

  it('is named as the one to blame, with what to do, while a variable overrides it', async () => {
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
