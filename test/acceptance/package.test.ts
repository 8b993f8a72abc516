import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type Bench, it, turnstile } from './support/bench.ts';
import { root } from './support/running.ts';

const solve = ['--sandbox', 'solve', ...turnstile];
const noAccount = { CAPTCHAAI_API_KEY: undefined, CAPTCHAAI_BASE_URL: undefined };

/** Packs the built program and installs it in a separate folder, without a network. */
async function install(bench: Bench): Promise<string> {
  // dist/ is current, so nothing is rebuilt. An empty cache cannot supply files that the package lacks.
  const env = { npm_config_cache: join(bench.home, 'npm'), npm_config_update_notifier: 'false' };
  const pack = ['pack', '--ignore-scripts', '--pack-destination', bench.home];
  expect(await bench.startOther('npm', pack, { cwd: root, env }).ended).toMatchObject({ code: 0 });
  const [archive] = (await readdir(bench.home)).filter((name) => name.endsWith('.tgz'));
  await bench.write('work/package.json', { name: 'somebody', private: true });
  const args = ['install', '--offline', '--no-audit', '--no-fund', join(bench.home, archive!)];
  const installed = await bench.startOther('npm', args, { env }).ended;
  expect(installed.code, installed.stderr).toBe(0);
  return join(bench.cwd, 'node_modules');
}

describe('the package', () => {
  it('works when installed in an empty folder, without any other package', async ({ bench }) => {
    const modules = await install(bench);
    expect((await readdir(modules)).filter((name) => !name.startsWith('.'))).toEqual(['captcha-ops']);

    const captcha = join(modules, '.bin/captcha');
    const run = (command: string, ...args: string[]) => bench.startOther(command, args, { env: noAccount }).ended;
    const [direct, npx, schema, show] = await Promise.all([
      run(captcha, ...solve),
      run('npx', '--offline', 'captcha', ...solve),
      run(captcha, 'config', 'schema'),
      run(captcha, 'config', 'show'),
    ]);
    for (const { code, stdout } of [direct, npx]) {
      expect(code).toBe(0);
      expect(stdout).toMatch(/^0\.[\w-]{200,}\n$/);
    }
    expect(show.code).toBe(0);
    expect(JSON.parse(schema.stdout)).toMatchObject({ type: 'object' });

    const folder = join(modules, 'captcha-ops');
    const shipped = await readdir(folder, { recursive: true });
    expect(shipped).toEqual(
      expect.arrayContaining([
        'bin/captcha.js',
        'dist/main.js',
        'dist/commands.json',
        'dist/captcha.1',
        'captcha.config.example.json',
        'LICENSE',
        'README.md',
      ]),
    );
    expect(shipped.filter((name) => /^(src|test|bench|scripts)\/|\.map$/.test(name))).toEqual([]);
    const example = await readFile(join(folder, 'captcha.config.example.json'), 'utf8');
    expect(JSON.parse(example)).toMatchObject({ api: {} });
    const { $schema } = JSON.parse(example) as { $schema?: string };
    if ($schema?.startsWith('.')) expect(existsSync(join(folder, $schema))).toBe(true);
  });
});
