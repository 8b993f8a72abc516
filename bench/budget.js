import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import { bound, worstExcess } from './budget/bound.js';
import { processesMeetOutage } from './budget/concurrent-processes.js';
import { startRedis } from './budget/redis-server.js';

// The cost of one retry budget for all processes of a host and of a fleet, and a test that its limit holds.
const [rounds = 30, processCount = 50, outageMs = 15_000] = process.argv.slice(2).map(Number);
const bin = new URL('../bin/captcha.js', import.meta.url).pathname;
const folder = await mkdtemp(join(tmpdir(), 'captcha-bench-'));
const program = join(folder, 'acquire.mjs');
await build({
  entryPoints: [new URL('budget/acquire.js', import.meta.url).pathname],
  ...{ outfile: program, bundle: true, platform: 'node', format: 'esm', logLevel: 'warning' },
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
});
const redis = await startRedis();

async function acquire(processes, thinkMs, hosts) {
  redis?.reset();
  const reports = Array.from({ length: processes }, async (_, index) => {
    const log = join(folder, `log-${processes}-${thinkMs}-${hosts}-${index % Math.max(1, hosts)}`);
    const place = hosts === 0 ? [] : [redis.url];
    const args = [program, log, 3_000, thinkMs, ...place];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    return JSON.parse(await text(child.stdout));
  });
  return Promise.all(reports);
}

const quantile = (values, q) => values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))];
const microseconds = (ms) => `${(ms * 1_000).toFixed(1)} µs`;

console.log(`acquire(), ${bound.perSecond}/s, burst ${bound.burst}, 3 s each, node ${process.version}\n`);
console.log(
  '| scope | processes | pause | calls/s | p50 | p99 | tokens | calls of Redis | most over burst + rate·t |\n' +
    '|---|---|---|---|---|---|---|---|---|',
);
for (const [processes, thinkMs, hosts] of [
  [1, 0, 0],
  [8, 0, 0],
  [50, 0, 0],
  [50, 20, 0],
  ...(redis === null ? [] : [1, 8, 50].map((processes) => [processes, 0, Math.min(5, processes)])),
  ...(redis === null ? [] : [[50, 20, 5]]),
]) {
  const reports = await acquire(processes, thinkMs, hosts);
  const grants = reports.flatMap((report) => report.grants);
  const calls = reports.reduce((sum, report) => sum + report.calls, 0);
  // The processes do not start and end at the same time.
  const ms = Math.max(...reports.map(({ endedMs }) => endedMs)) - Math.min(...reports.map(({ beganMs }) => beganMs));
  const perSecond = (calls / ms) * 1_000;
  const median = (name) =>
    microseconds(
      quantile(
        reports.map((report) => report[name]),
        0.5,
      ),
    );
  const over = worstExcess(grants);
  const scope = hosts === 0 ? 'host' : `Redis, ${hosts} host${hosts === 1 ? '' : 's'}`;
  const asked = hosts === 0 ? '' : `${redis.calls()} of ${calls}`;
  const cells = [scope, processes, `${thinkMs} ms`, Math.round(perSecond), median('p50'), median('p99')];
  cells.push(grants.length, asked);
  console.log(`| ${cells.join(' | ')} | ${over <= 1e-6 ? 'never' : over.toFixed(2)} |`);
}

/** A service that accepts and solves at once. */
const server = createServer((request, response) => {
  request.resume();
  const answer = { status: 1, request: request.url === '/in.php' ? '1' : 'token' };
  request.on('end', () => response.end(JSON.stringify(answer)));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const config = join(folder, 'captcha.config.json');
await writeFile(
  config,
  JSON.stringify({ polling: { firstWait: '0ms', interval: '200ms' }, solve: { timeout: '120s' } }),
);
const env = { ...process.env, CAPTCHAAI_API_KEY: 'bench', CAPTCHA_STATE_DIR: join(folder, 'state') };
const url = `http://127.0.0.1:${server.address().port}`;
const task = [
  'solve',
  '--config',
  config,
  '--method',
  'turnstile',
  '--sitekey',
  'k',
  '--pageurl',
  'https://example.com',
];

async function timeSolve(scope) {
  const scoped = join(folder, `${scope}.json`);
  const place = scope === 'redis' ? redis.url : scope;
  await writeFile(scoped, JSON.stringify({ polling: { firstWait: '0ms' }, budget: { scope: place } }));
  const args = [bin, 'solve', '--config', scoped, ...task.slice(3)];
  const startedMs = performance.now();
  const child = spawn(process.execPath, args, { env: { ...env, CAPTCHAAI_BASE_URL: url }, stdio: 'ignore' });
  await new Promise((resolve) => child.once('exit', resolve));
  return performance.now() - startedMs;
}

const times = { process: [], host: [], ...(redis && { redis: [] }) };
// Interleaved, so that other load on the machine affects both.
for (let round = 0; round < rounds; round += 1) {
  for (const scope of Object.keys(times)) times[scope].push(await timeSolve(scope));
}
server.close();
console.log(`\n\`captcha solve\` that needs no retry, whole process, ${rounds} interleaved rounds\n`);
console.log('| budget.scope | median ms | p10 ms |\n|---|---|---|');
for (const [scope, values] of Object.entries(times)) {
  console.log(`| ${scope} | ${quantile(values, 0.5).toFixed(1)} | ${quantile(values, 0.1).toFixed(1)} |`);
}
for (const [scope, values] of Object.entries(times).slice(1)) {
  const added = (q) => {
    const ms = quantile(values, q) - quantile(times.process, q);
    return `${ms.toFixed(1)} ms (×${(quantile(values, q) / quantile(times.process, q)).toFixed(3)})`;
  };
  console.log(`\n${scope} adds ${added(0.5)} at the median, ${added(0.1)} at p10`);
}
redis?.stop();

console.log(`\n${processCount} processes at once, outage of ${outageMs / 1_000} s\n`);
console.log('| | submissions in the outage | submissions | solved | seconds |\n|---|---|---|---|---|');
const shared = ['--config', config];
const noBreaker = join(folder, 'no-breaker.json');
await writeFile(
  noBreaker,
  JSON.stringify({
    polling: { firstWait: '0ms', interval: '200ms' },
    breaker: { failureRatio: null, consecutiveFailures: null },
  }),
);
for (const [name, flags] of [
  ['fail', shared],
  ['--wait-for-budget', [...shared, '--wait-for-budget']],
  ['no breaker, --budget 1/s', ['--config', noBreaker, '--budget', '1/s']],
]) {
  const own = { ...env, CAPTCHA_STATE_DIR: join(folder, name) };
  const { solved, seconds, submissions, duringOutage } = await processesMeetOutage(bin, {
    count: processCount,
    outageMs,
    flags,
    env: own,
  });
  console.log(`| ${name} | ${duringOutage} | ${submissions} | ${solved} of ${processCount} | ${seconds.toFixed(1)} |`);
}
await rm(folder, { recursive: true });
