/**
 * `npm test`: build and tests, with one line for each at the end. `npm run test:exhaustive` (`--exhaustive`): build and
 * every row of the tests of which `npm test` runs a part. Paths after `--` select tests.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'captcha-check-'));
const reportPath = join(folder, 'tests.json');
const isExhaustive = process.argv.includes('--exhaustive');
const paths = process.argv.slice(2).filter((word) => word !== '--exhaustive');
const config = isExhaustive ? ['--config', 'vitest.exhaustive.config.ts'] : [];
const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${reportPath}`];

const build = { name: 'build', command: ['node', 'scripts/build.js'] };
const tests = { name: 'tests', command: ['vitest', 'run', ...config, ...reporters, ...paths], isShown: true };

/** Runs a step. What a quiet one printed is shown when it fails. */
async function run({ name, command: [program, ...args], isShown = false }) {
  const startedMs = performance.now();
  const env = { ...process.env, PATH: `node_modules/.bin:${process.env.PATH}` };
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      if (isShown) process.stdout.write(chunk);
    });
  }
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      output += `${error.message}\n`;
      resolve(1);
    });
    child.on('close', resolve);
  });
  if (code !== 0 && !isShown) process.stdout.write(`\n${name}:\n${output}`);
  return { name, isOk: code === 0, seconds: (performance.now() - startedMs) / 1_000, output };
}

/** How many times each text stands there, the most frequent first. */
function counted(texts) {
  const counts = new Map();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a);
}

/** What the tests say of themselves: how many there were, which were skipped, and which files took longest. */
function readReport() {
  const { testResults } = JSON.parse(readFileSync(reportPath, 'utf8'));
  const all = testResults.flatMap(({ assertionResults }) => assertionResults);
  const slowest = testResults
    .map(({ name, startTime, endTime }) => ({ name, seconds: (endTime - startTime) / 1_000 }))
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, 5);
  const countOf = (status) => all.filter((each) => each.status === status).length;
  const skipped = all.filter(({ status }) => status === 'skipped' || status === 'pending' || status === 'todo');
  return { passed: countOf('passed'), failed: countOf('failed'), skipped, slowest };
}

function printTests({ output }) {
  const { passed, failed, skipped, slowest } = readReport();
  console.log(`\n${passed} tests passed, ${failed} failed, ${skipped.length} skipped`);
  for (const { name, seconds } of slowest) {
    console.log(`  ${seconds.toFixed(0).padStart(4)} s  ${name.replace(`${process.cwd()}/`, '')}`);
  }
  if (skipped.length === 0) return;
  console.log('\nskipped:');
  const titles = skipped.map(({ ancestorTitles, title }) => ancestorTitles.find((each) => each !== '') ?? title);
  for (const [title, count] of counted(titles)) console.log(`  ${String(count).padStart(4)}  ${title}`);
  console.log('because:');
  if (!isExhaustive) console.log('  npm run test:exhaustive runs what takes long');
  const reasons = output.match(/^skipped: .*$/gm) ?? [];
  for (const [reason] of counted(reasons)) console.log(`  ${reason.slice('skipped: '.length)}`);
}

const results = [await run(build)];
if (results[0].isOk) {
  const tested = await run(tests);
  results.push(tested);
  try {
    printTests(tested);
  } catch (error) {
    console.log(`the report of the tests cannot be read: ${error.message}`);
  }
}
rmSync(folder, { recursive: true, force: true });
console.log('');
for (const { name, isOk, seconds } of results) {
  console.log(`${name.padEnd(8)}${(isOk ? 'ok' : 'FAILED').padEnd(8)}${seconds.toFixed(0).padStart(5)} s`);
}
process.exitCode = results.every(({ isOk }) => isOk) ? 0 : 1;
