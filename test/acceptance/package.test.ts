import { existsSync } from 'node:fs';
import { cp, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { describe, expect } from 'vitest';
import { type Bench, it, turnstile } from './support/bench.ts';
import { root } from './support/running.ts';

const solve = ['--sandbox', 'solve', ...turnstile];
const noAccount = { CAPTCHAAI_API_KEY: undefined, CAPTCHAAI_BASE_URL: undefined };

/** Files that a user of a clone has in deploy/ and that belong into no package. */
const ownFiles = [
  ...['data/tasks.csv', 'secrets/captchaai_api_key', 'terraform/.terraform/providers/x'],
  ...['terraform/.terraform.lock.hcl', 'terraform/terraform.tfstate', 'terraform/terraform.tfvars'],
].map((name) => `deploy/${name}`);

/** A copy of this folder without its history and libraries, in which a user has worked. */
async function aClone(bench: Bench): Promise<string> {
  const clone = join(bench.home, 'clone');
  const isLeftOut = (path: string): boolean => /^(?:node_modules|\.git|test|bench)$/.test(relative(root, path));
  await cp(root, clone, { recursive: true, filter: (path) => !isLeftOut(path) });
  for (const name of ownFiles) await bench.write(join('clone', name), 'secret');
  return clone;
}

/** Packs the built program and installs it in a separate folder, without a network. */
async function install(bench: Bench): Promise<string> {
  // dist/ is current, so nothing is rebuilt. An empty cache cannot supply files that the package lacks.
  const env = { npm_config_cache: join(bench.home, 'npm'), npm_config_update_notifier: 'false' };
  const pack = ['pack', '--ignore-scripts', '--pack-destination', bench.home];
  const cwd = await aClone(bench);
  expect(await bench.startOther('npm', pack, { cwd, env }).ended).toMatchObject({ code: 0 });
  const [archive] = (await readdir(bench.home)).filter((name) => name.endsWith('.tgz'));
  await bench.write('work/package.json', { name: 'somebody', private: true });
  const args = ['install', '--offline', '--no-audit', '--no-fund', join(bench.home, archive!)];
  const installed = await bench.startOther('npm', args, { env }).ended;
  expect(installed.code, installed.stderr).toBe(0);
  return join(bench.cwd, 'node_modules');
}

/** The files to which the pages of a folder link, from README.md on: those of a folder where a link is to one. */
async function linkedFrom(folder: string): Promise<ReadonlySet<string>> {
  const found = new Set(['README.md']);
  for (const page of found) {
    if (!page.endsWith('.md')) continue;
    const links = [...(await readFile(join(folder, page), 'utf8')).matchAll(/\]\(([^)\s#]+)(?:#[^)\s]*)?\)/g)];
    for (const [, link = ''] of links.filter(([, each]) => !/^[a-z]+:/.test(each!))) {
      const target = join(dirname(page), link);
      const at = await stat(join(folder, target)).catch(() =>
        expect.fail(`${page} links to ${link}, which is not packed`),
      );
      const names = at.isDirectory() ? await filesIn(join(folder, target)) : [''];
      for (const name of names) found.add(join(target, name));
    }
  }
  return found;
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((each) => each.isFile()).map((each) => join(relative(folder, each.parentPath), each.name));
}

/** What a package has without a link to it. */
const unlinked = /^(?:bin|dist)\/|^(?:package\.json|LICENSE|THIRD_PARTY_NOTICES)$/;

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
    const shipped = await filesIn(folder);
    const needed = [
      'bin/captcha.js',
      'dist/main.js',
      'dist/commands.json',
      'dist/captcha.1',
      'LICENSE',
      'THIRD_PARTY_NOTICES',
    ];
    expect(shipped).toEqual(expect.arrayContaining(needed));
    const linked = await linkedFrom(folder);
    expect(shipped.filter((name) => !linked.has(name) && !unlinked.test(name))).toEqual([]);
    expect(shipped.filter((name) => ownFiles.includes(name) || name.endsWith('.map'))).toEqual([]);
    const example = await readFile(join(folder, 'captcha.config.example.json'), 'utf8');
    expect(JSON.parse(example)).toMatchObject({ api: {} });
    const { $schema } = JSON.parse(example) as { $schema?: string };
    if ($schema?.startsWith('.')) expect(existsSync(join(folder, $schema))).toBe(true);
  });
});
