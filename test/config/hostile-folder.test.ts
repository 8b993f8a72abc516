import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { someOf } from '../support/exhaustive.ts';
import { folderWith } from './folder.ts';
import { loadIn } from './load-in.ts';

const run = promisify(execFile);

/** Code that creates a file when it runs, and then acts like a configuration. */
const cjs = "require('node:fs').writeFileSync(process.env.MARKER, ''); module.exports = { solve: { timeout: '1ms' } };";
const esm =
  "import { writeFileSync } from 'node:fs'; writeFileSync(process.env.MARKER, ''); export default { solve: { timeout: '1ms' } };";
const meta = { searchPlaces: ['evil.json'], mergeSearchPlaces: false };
const redirect = { cosmiconfig: meta };
/** cosmiconfig unwraps the key twice in package files. */
const packageRedirect = { cosmiconfig: { ...meta, cosmiconfig: meta } };
const evil = { solve: { timeout: '1ms' }, api: { timeout: '1ms' } };

const traps: readonly (readonly [name: string, content: unknown])[] = [
  ['.config/config.js', cjs],
  ['.config/config.cjs', cjs],
  ['.config/config.mjs', esm],
  ['.config/config.ts', esm],
  ['.config/config.json', redirect],
  ['.config/config.yaml', JSON.stringify(redirect)],
  ['.config/config.yml', JSON.stringify(redirect)],
  ['package.json', packageRedirect],
  ['package.yaml', JSON.stringify(packageRedirect)],
  ['captcha.config.js', cjs],
  ['captcha.config.cjs', cjs],
  ['captcha.config.mjs', esm],
  ['captcha.config.ts', esm],
  ['.captcharc.js', cjs],
  ['.captcharc.cjs', cjs],
  ['.captcharc.mjs', esm],
  ['.captcharc.ts', esm],
  ['.config/captcharc.cjs', cjs],
  ['evil.json', evil],
];

const imports: readonly (readonly [name: string, content: unknown])[] = [
  ['captcha.config.json', { $import: './evil.cjs' }],
  ['captcha.config.yaml', '$import: [./evil.cjs]'],
  ['.captcharc', '$import: ./evil.json'],
  ['package.json', { captcha: { $import: './evil.cjs' } }],
];

interface Loaded {
  readonly timeoutMs: number;
  readonly file: string | null;
}

/** Loads from the folder below `inner`, in a process with that working directory. */
type Load = (folder: string, inner: string) => Promise<Loaded>;

const loadFromSource: Load = async (folder, inner) => {
  vi.spyOn(process, 'cwd').mockReturnValue(join(folder, inner));
  vi.stubEnv('MARKER', join(folder, 'ran'));
  const { config, file } = await loadIn(join(folder, inner), { env: { HOME: folder } });
  return { timeoutMs: config.solve.timeoutMs, file: file?.path ?? null };
};

const bundled: Record<'one' | 'split', string> = { one: '', split: '' };

const loadFromBundle =
  (kind: keyof typeof bundled): Load =>
  async (folder, inner) => {
    const env = { HOME: folder, MARKER: join(folder, 'ran') };
    const { stdout } = await run(process.execPath, [bundled[kind]], { cwd: join(folder, inner), env });
    const loaded = JSON.parse(stdout) as Loaded | { readonly error: string };
    if ('error' in loaded) throw new Error(loaded.error);
    return loaded;
  };

/** Bundles the loader like the product, with a program that prints the loaded configuration. */
async function bundle(splitting: boolean): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'captcha-bundle-'));
  await build({
    entryPoints: [fileURLToPath(new URL('../../src/config/load.ts', import.meta.url))],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting,
    platform: 'node',
    format: 'esm',
    external: ['typescript'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  const program = `import { loadConfig } from './load.mjs';
    const request = { cwd: process.cwd(), env: process.env, file: null, overrides: [] };
    const answer = await loadConfig(request).then(
      ({ config, file }) => ({ timeoutMs: config.solve.timeoutMs, file: file?.path ?? null }),
      (error) => ({ error: error.message }),
    );
    process.stdout.write(JSON.stringify(answer));`;
  await writeFile(join(folder, 'program.mjs'), program);
  return join(folder, 'program.mjs');
}

beforeAll(async () => {
  bundled.one = await bundle(false);
  bundled.split = await bundle(true);
});

afterAll(() => Promise.all(Object.values(bundled).map((program) => rm(dirname(program), { recursive: true }))));

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe('the traps are real: unguarded cosmiconfig', () => {
  const cosmiconfig = JSON.stringify(createRequire(import.meta.url).resolve('cosmiconfig'));
  const script = `require(${cosmiconfig}).cosmiconfig('captcha', { searchPlaces: ['captcha.config.json'] })
    .search().then((result) => process.stdout.write(result?.filepath ?? 'nothing'))`;
  const searchIn = (folder: string) =>
    run(process.execPath, ['-e', script], { cwd: folder, env: { MARKER: join(folder, 'ran') } });

  it('runs .config/config.cjs', async () => {
    const folder = await folderWith({ '.config/config.cjs': cjs });
    await searchIn(folder);
    expect(existsSync(join(folder, 'ran'))).toBe(true);
  });

  it.each([
    ['.config/config.yaml', JSON.stringify(redirect)],
    ['package.json', packageRedirect],
  ])('is redirected by %s', async (name, content) => {
    const folder = await folderWith({ [name]: content, 'evil.json': evil });
    expect((await searchIn(folder)).stdout).toBe(join(folder, 'evil.json'));
  });
});

describe.each([
  ['from source', loadFromSource],
  ['from one bundled file', loadFromBundle('one')],
  ['from a split bundle', loadFromBundle('split')],
])('loading %s in a hostile folder', (_, load) => {
  it.each([
    ['in the working directory', '', '.'],
    ['in folders above', 'repository/', 'repository/packages/a'],
  ])('runs nothing and follows no redirection: traps %s', async (_where, prefix, inner) => {
    const files = traps.map(([name, content]) => [`${prefix}${name}`, content] as const);
    const folder = await folderWith({ ...Object.fromEntries(files), [join(inner, 'readme.txt')]: '' });
    expect(await load(folder, inner)).toEqual({ timeoutMs: 300_000, file: null });
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });

  // The bundles load all traps together above.
  it.each(someOf(traps, () => load === loadFromSource))(
    'runs nothing and follows no redirection: %s alone',
    async (name, content) => {
      const folder = await folderWith({ 'evil.json': evil, [name]: content });
      expect(await load(folder, '.')).toEqual({ timeoutMs: 300_000, file: null });
      expect(existsSync(join(folder, 'ran'))).toBe(false);
    },
  );

  it('still reads the data file among the traps', async () => {
    const folder = await folderWith({ ...Object.fromEntries(traps), '.captcharc.json': { solve: { timeout: '7s' } } });
    expect(await load(folder, '.')).toEqual({ timeoutMs: 7_000, file: join(folder, '.captcharc.json') });
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });

  it.each(someOf(imports, ([name]) => load === loadFromSource || name === '.captcharc'))(
    'refuses $import in %s',
    async (name, content) => {
      const folder = await folderWith({ 'evil.cjs': cjs, 'evil.json': evil, [name]: content });
      await expect(load(folder, '.')).rejects.toThrow(`${join(folder, name)}: $import is not supported`);
      expect(existsSync(join(folder, 'ran'))).toBe(false);
    },
  );
});
