/**
 * Runs the unit tests and the acceptance smoke under other versions of Node.js than the one that is installed: `node
 * scripts/other-nodes.js [VERSION…]` (22 and 24 if none is named). The versions are npm packages (`node@22`), which are
 * installed into a temporary folder. Needs `npm run build` first.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const versions = process.argv.length > 2 ? process.argv.slice(2) : ['22', '24'];
/** The tests of single modules. The other modules of the core only decide, and take long to test. */
const layers = [
  ...['adapters', 'cli', 'commands', 'config', 'container', 'domain', 'protocol', 'sandbox'],
  ...['core/resilience', 'core/routing', 'core/solve'],
];
/** Tests that take long: they have many cases of one kind, or start many processes. They are half of the time of all. */
const slow = [
  ...['adapters/queues/*/*', 'adapters/redis/*-processes', 'adapters/redis/failover', 'adapters/state/*-processes'],
  ...['adapters/files/input/bad-csv', 'adapters/files/input/memory', 'adapters/files/journal/generation-lock'],
  ...['adapters/files/journal/{key-index,task-states,model}', 'commands/simulate/command', 'config/hostile-folder'],
  'sandbox/fuzz',
].map((name) => `--exclude=test/${name}.test.ts`);
const unit = [...slow, ...layers.map((name) => `test/${name}`)];
const smoke = ['test/acceptance/smoke.test.ts'];

/** Runs a program and resolves with its exit code and what it wrote. */
async function run(program, args, cwd = root) {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      output += `${error.message}\n`;
      resolve(1);
    });
    child.on('close', resolve);
  });
  return { code, output };
}

/** Installs a version into a folder of its own, and resolves with the path of its program. */
async function install(version, folder) {
  const place = join(folder, version);
  mkdirSync(place);
  const flags = ['--prefix', place, '--no-audit', '--no-fund', '--no-save', '--loglevel=error'];
  const { output } = await run('npm', ['install', ...flags, `node@${version}`], place);
  const program = join(place, 'node_modules/node/bin/node');
  if (!existsSync(program)) throw new Error(`node@${version} could not be installed:\n${output}`);
  return program;
}

/** The tests under one version: null if they pass, else what they printed. */
async function test(program) {
  const { code, output } = await run(program, [
    join(root, 'node_modules/vitest/vitest.mjs'),
    ...['run', '--reporter=dot', ...smoke, ...unit],
  ]);
  return code === 0 ? null : output;
}

if (!existsSync(join(root, 'dist/main.js'))) throw new Error('dist/main.js is missing: run npm run build first');
const folder = mkdtempSync(join(tmpdir(), 'captcha-nodes-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
const programs = await Promise.all(versions.map((version) => install(version, folder)));
// One after the other: the tests use all processors.
for (const program of programs) {
  const startedMs = performance.now();
  const failure = await test(program);
  const { output: version } = await run(program, ['--version']);
  if (failure !== null) {
    process.stdout.write(failure);
    process.exitCode = 1;
  }
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
  const verdict = failure === null ? 'ok' : 'FAILED';
  console.log(`Node.js ${version.trim().padEnd(12)}${verdict.padEnd(8)}${seconds.padStart(5)} s`);
}
