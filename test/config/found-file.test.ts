import { execFileSync } from 'node:child_process';
import { truncateSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../../src/core/routing/policy.ts';
import { folderWith } from './folder.ts';
import { loadIn, refusalIn } from './load-in.ts';

const redirects = [
  ['baseUrl', 'https://evil.example.com', 'set CAPTCHAAI_BASE_URL'],
  ['baseUrl', 'http://127.0.0.1@evil.example.com', 'set CAPTCHAAI_BASE_URL'],
  ['baseUrl', 'http://127.0.0.1.evil.example.com', 'set CAPTCHAAI_BASE_URL'],
  ['keyFile', '/etc/passwd', 'set CAPTCHAAI_API_KEY_FILE'],
  ['keyCommand', 'cat /etc/passwd', 'set CAPTCHAAI_API_KEY_FILE'],
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

describe('a link to a config file that does not exist', () => {
  it.each(['captcha.config.json', '.captcharc', '.config/captcha/config.json'])('is refused: %s', async (place) => {
    const folder = await folderWith({ '.config/captcha/readme.txt': '' });
    await symlink('nowhere.json', join(folder, place));
    expect(await refusalIn(folder)).toBe(`${join(folder, place)}: is a link to a file that does not exist`);
  });

  it('is refused if it leads to itself', async () => {
    const folder = await folderWith({ 'readme.txt': '' });
    await symlink('captcha.config.json', join(folder, 'captcha.config.json'));
    expect(await refusalIn(folder)).toContain('captcha.config.json: is a link');
  });
});

describe('what a found file cannot do to tasks', () => {
  it.each<[string, Record<string, unknown>, string | null]>([
    ['send solutions elsewhere', { pingback: 'https://evil.example.com' }, 'pingback'],
    ['send them elsewhere in other letters', { PingBack: 'https://evil.example.com' }, 'pingback'],
    ['use a proxy with a password', { proxy: 'user:secret@10.0.0.1:8080', proxytype: 'HTTP' }, 'a proxy with'],
    ['use a proxy URL with a password', { proxy: 'http://user:secret@10.0.0.1:8080' }, 'a proxy with'],
    ['use a proxy without a password', { proxy: '10.0.0.1:8080', proxytype: 'HTTP' }, null],
  ])('to %s', async (_what, params, refused) => {
    const folder = await folderWith({ 'captcha.config.json': { regions: [{ name: 'r', params }] } });
    const message = await refusalIn(folder);
    expect(message).toContain(refused === null ? 'loaded' : `must not set ${refused}`);
    expect(message).not.toContain('secret');
    expect(await refusalIn(folder, { file: 'captcha.config.json' })).toBe('loaded');
  });
});

describe("the policy of the user's own file", () => {
  const both = (found: object, own: object) =>
    folderWith({ '.captcharc': { policy: found }, '.config/captcha/config.json': { policy: own } });

  it.each<[object, object, Partial<Policy>]>([
    [{}, { deny: ['a.com'] }, { allow: [], deny: ['a.com'] }],
    [{ deny: ['b.com'] }, { deny: ['a.com'] }, { deny: ['b.com', 'a.com'] }],
    [{ allow: ['*'] }, { allow: ['a.com'] }, { allow: ['*'], ownAllow: ['a.com'] }],
    [{}, { allow: ['a.com'] }, { allow: ['a.com'] }],
    [{ allow: ['a.com'] }, {}, { allow: ['a.com'] }],
  ])('holds beside a found file: %j and %j', async (found, own, policy) => {
    const loaded = await loadIn(await both(found, own));
    expect(loaded.config.policy).toMatchObject(policy);
    expect(loaded.config.policy.ownAllow).toEqual(policy.ownAllow);
  });

  it('is shown with its file', async () => {
    const folder = await both({ deny: ['b.com'], allow: ['*'] }, { deny: ['a.com'], allow: ['c.com'] });
    const [own, found] = [join(folder, '.config/captcha/config.json'), join(folder, '.captcharc')];
    const loaded = await loadIn(folder);
    expect(loaded.ownFile).toBe(own);
    expect(loaded.settings.filter(({ path }) => path.startsWith('policy'))).toEqual([
      { path: 'policy.allow', value: ['*'], from: found },
      { path: 'policy.allow', value: ['c.com'], from: own },
      { path: 'policy.deny', value: ['b.com'], from: found },
      { path: 'policy.deny', value: ['a.com'], from: own },
    ]);
  });

  it('does not apply to a file that was named', async () => {
    const folder = await both({}, { deny: ['a.com'] });
    expect((await loadIn(folder, { file: '.captcharc' })).config.policy.deny).toEqual([]);
  });

  it.each([
    [{ polcy: { deny: ['a.com'] } }, 'polcy'],
    [{ policy: { deny: 'a.com' } }, 'policy.deny'],
    ['{"policy": {"deny": ["a.com"]}, "policy": {}}', 'the key "policy" occurs twice'],
    ['{', 'not valid JSON'],
  ])('is never dropped silently: %j', async (own, problem) => {
    const folder = await folderWith({ '.captcharc': {}, '.config/captcha/config.json': own });
    expect(await refusalIn(folder)).toContain(problem);
    expect(await refusalIn(folder)).toContain('.config/captcha/config.json');
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

/** What is in effect for a key of `api`, as written. */
async function writtenIn(folder: string, key: string, file: string | null): Promise<unknown> {
  const { settings } = await loadIn(folder, { file });
  return settings.find(({ path }) => path === `api.${key}`)?.value;
}

describe.each(redirects.filter(([, value]) => !value.startsWith('http:')))('api.%s as %s', (key, value) => {
  it('may be set by a file named with --config', async () => {
    const folder = await folderWith({ 'captcha.config.json': { api: { [key]: value } } });
    expect(await writtenIn(folder, key, 'captcha.config.json')).toBe(value);
  });

  it("may be set by the user's own file", async () => {
    const folder = await folderWith({ '.config/captcha/config.json': { api: { [key]: value } } });
    expect(await writtenIn(folder, key, null)).toBe(value);
  });
});

describe('limits', () => {
  it('say which file sets them, and whether it was found', async () => {
    const limits = { limits: { submissions: ['5/hour'] } };
    const folder = await folderWith({ 'captcha.config.json': limits, 'named.json': limits, 'empty.json': {} });
    const sourceIn = async (file: string | null) => (await loadIn(folder, { file })).config.limits.source;
    expect(await sourceIn(null)).toEqual({ file: join(folder, 'captcha.config.json'), isFound: true });
    expect(await sourceIn(join(folder, 'named.json'))).toMatchObject({ isFound: false });
    expect(await sourceIn(join(folder, 'empty.json'))).toBeUndefined();
  });
});
