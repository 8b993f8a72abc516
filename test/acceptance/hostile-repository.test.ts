import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type Bench, it, turnstile } from './support/bench.ts';
import { firstRows } from '../support/exhaustive.ts';

const solve = ['solve', ...turnstile];
/** A host that an attacker would choose: it may be reachable, but is not loopback by name. */
const elsewhere = 'https://thief.example';

/** Writes files into the working directory. */
async function clone(bench: Bench, files: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) await bench.write(join('work', name), content);
}

const apiSettings = { baseUrl: elsewhere, keyFile: '/etc/hostname', keyEnv: 'PATH', allowHttp: true };
const redirects = [
  ['captcha.config.json', { api: { baseUrl: elsewhere } }],
  ['captcha.config.yaml', `api:\n  baseUrl: ${elsewhere}\n`],
  ['captcha.config.yml', `api:\n  baseUrl: ${elsewhere}\n`],
  ['.captcharc', `{"api": {"baseUrl": "${elsewhere}"}}`],
  ['.captcharc.json', { api: { baseUrl: elsewhere } }],
  ['.captcharc.yaml', `api: { baseUrl: "${elsewhere}" }`],
  ['package.json', { name: 'x', captcha: { api: { baseUrl: elsewhere } } }],
  ['captcha.config.json', { api: { keyFile: '/etc/hostname' } }],
  ['captcha.config.json', { api: { keyEnv: 'PATH' } }],
  ['captcha.config.json', { $import: './other.json' }],
] as const;

/** A config file that is a program. */
function codeThatWrites(marker: string, name: string): string {
  const write = `writeFileSync(${JSON.stringify(marker)}, 'ran')`;
  return /\.(mjs|ts)$/.test(name)
    ? `import { writeFileSync } from 'node:fs';\n${write};\nexport default { captcha: {} };`
    : `const { writeFileSync } = require('node:fs');\n${write};\nmodule.exports = { captcha: {} };`;
}

describe.concurrent('a cloned repository', () => {
  firstRows(it, 2).for(redirects)('cannot send the key elsewhere with %s %j', async ([name, content], { bench }) => {
    const proxy = await bench.service(() => ({ status: 502 }));
    await clone(bench, { [name]: content, 'other.json': { api: { baseUrl: elsewhere } } });
    // Any traffic that leaves this machine would go to the proxy.
    const env = { CAPTCHAAI_BASE_URL: undefined, HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url };
    const { code, stdout, stderr } = await bench.run(solve, { env, config: null });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(name);
    expect(proxy.connections()).toBe(0);
  });

  it('gets all its forbidden settings listed at once', async ({ bench }) => {
    await clone(bench, { 'captcha.config.json': { api: apiSettings } });
    const { stderr } = await bench.run(['config', 'validate'], {
      env: { CAPTCHAAI_BASE_URL: undefined },
      config: null,
    });
    for (const path of ['api.baseUrl', 'api.keyFile', 'api.keyEnv']) expect(stderr).toContain(path);
  });

  it('is searched upward: the refusal also applies in its subfolders', async ({ bench }) => {
    await clone(bench, { 'captcha.config.json': { api: { baseUrl: elsewhere } }, 'deep/er/keep': '' });
    const cwd = join(bench.cwd, 'deep/er');
    const ended = await bench.run(solve, { cwd, env: { CAPTCHAAI_BASE_URL: undefined }, config: null });
    expect(ended.code).toBe(2);
  });

  firstRows(it, 2).for([
    ['.config/config.js', ''],
    ['.config/config.cjs', ''],
    ['.config/config.mjs', ''],
    ['.config/config.ts', ''],
    ['captcha.config.js', ''],
    ['captcha.config.cjs', ''],
    ['captcha.config.mjs', ''],
    ['.captcharc.js', ''],
    ['.captcharc.cjs', ''],
    ['evil.cjs', 'package.json'],
    ['evil.cjs', '.config/config.json'],
    ['evil.cjs', '.config/config.yaml'],
  ] as const)('cannot run code with %s %s', async ([name, redirect], { bench }) => {
    const marker = join(bench.home, 'marker');
    // cosmiconfig's own configuration, with which a repository could redirect the search.
    const meta = redirect === '' ? {} : { [redirect]: { name: 'x', cosmiconfig: { searchPlaces: [name] } } };
    // Without a config file, cosmiconfig would not run at all.
    await clone(bench, { 'package.json': { name: 'x' }, [name]: codeThatWrites(marker, name), ...meta });
    const sandbox = await bench.sandbox();
    const [unnamed, named] = await Promise.all([
      bench.run(['balance'], { at: sandbox, config: null }),
      bench.run(['--config', name, 'balance'], { at: sandbox, config: null }),
    ]);
    expect([unnamed.code, named.code]).toEqual([0, 2]);
    expect(existsSync(marker)).toBe(false);
  });

  it("cannot lift the policy of the user's own config, nor hide it behind a key that occurs twice", async ({
    bench,
  }) => {
    await bench.write('config/captcha/config.json', { policy: { deny: ['example.com'] } });
    await clone(bench, { 'captcha.config.json': { policy: { allow: ['*'] } } });
    const sandbox = await bench.sandbox();
    const denied = await bench.run(solve, { at: sandbox, config: null });
    expect(denied).toMatchObject({ code: 2, stdout: '' });
    expect(denied.stderr).toContain('denied by policy.deny example.com');
    await bench.write('config/captcha/config.json', '{"policy": {"deny": ["example.com"]}, "policy": {}}');
    const twice = await bench.run(solve, { at: sandbox, config: null });
    expect(twice).toMatchObject({ code: 2, stdout: '' });
    expect(twice.stderr).toContain('occurs twice');
    expect(sandbox.stats().submissions).toBe(0);
  });

  it('may configure harmless settings, such as waits', async ({ bench }) => {
    await clone(bench, { 'captcha.config.json': { solve: { timeout: '77s' } } });
    const { code, stdout } = await bench.run(['config', 'show'], { config: null });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^solve\.timeout +77s /m);
  });

  it('may name a service on loopback', async ({ bench }) => {
    const sandbox = await bench.sandbox({ balance: 7 });
    await clone(bench, { 'captcha.config.json': { api: { baseUrl: sandbox.url } } });
    const ended = await bench.run(['balance'], { env: { CAPTCHAAI_BASE_URL: undefined }, config: null });
    expect(ended).toMatchObject({ code: 0, stdout: '7\n' });
  });

  it('has no effect if --config names a file', async ({ bench }) => {
    await clone(bench, { 'captcha.config.json': { api: { baseUrl: elsewhere } } });
    expect(await bench.run(['balance'], { at: await bench.sandbox() })).toMatchObject({ code: 0, stdout: '100\n' });
  });
});
