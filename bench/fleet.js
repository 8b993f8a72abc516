import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startRedis } from './budget/redis-server.js';
import { cpuMs, start } from './fleet/processes.js';

// The overhead of the fleet over its own engine: tasks through dispatch -> queue -> worker -> result, compared with
// empty jobs through plain BullMQ, on one Redis in one run; and the CPU cost of 10,000 tasks an hour. Measures whole
// processes against a service that answers at once. Usage: node bench/fleet.js [tasks] [rounds] [steady seconds]
const [tasks = 10_000, rounds = 3, steadySeconds = 60] = process.argv.slice(2).map(Number);
const concurrency = 200;
const perHour = 10_000;
const everyMs = 3_600_000 / perHour;
const script = (name) => new URL(`${name}.js`, import.meta.url).pathname;
const bin = new URL('../bin/captcha.js', import.meta.url).pathname;

const redis = await startRedis();
if (redis === null) {
  console.log('skipped: it needs redis-server (apt-get install redis-server)');
  process.exit();
}
const { port } = new URL(redis.url);
const folder = await mkdtemp(join(tmpdir(), 'captcha-bench-'));
const service = await start([script('batch/service')], { said: /http:\S+\n/ });
const url = service.text().trim();
const region = { name: 'us-east-1', queue: `redis://127.0.0.1:${port}/1` };
const config = join(folder, 'captcha.config.json');
await writeFile(
  config,
  JSON.stringify({
    polling: { firstWait: '0ms', interval: '20ms' },
    regions: [region],
    routes: { default: region.name },
    results: `redis://127.0.0.1:${port}/2`,
  }),
);
const env = { CAPTCHAAI_BASE_URL: url, CAPTCHAAI_API_KEY: 'bench', XDG_STATE_HOME: join(folder, 'state') };
const options = { cwd: folder, env };
const profile =
  process.env.BENCH_PROFILE === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`];
const header = 'task_id,method,sitekey,pageurl\n';
const rowOf = (row) => `t${row},turnstile,0x4AAA${row},https://example.com/login/${row}\n`;

const startWorker = () => {
  const flags = ['--health-port', '0', '--concurrency', String(concurrency)];
  const args = [...profile, bin, '--config', config, 'worker', '--region', region.name, ...flags];
  return start(args, { ...options, said: /works for/ });
};
const startBatch = (input, out) => {
  const args = [...profile, bin, '--config', config, 'batch', input, '--via', 'queues', '--fresh', '--out', out];
  return start(args, options);
};

async function stop({ child, ended }) {
  child.kill('SIGTERM');
  await ended;
}

/** Runs a batch of `count` tasks, checks that all were solved, and returns its duration in ms. */
async function timeBatch(count) {
  const rows = Array.from({ length: count }, (_, index) => rowOf(index + 1));
  await writeFile(join(folder, 'tasks.csv'), header + rows.join(''));
  const startedMs = performance.now();
  const batch = await startBatch('tasks.csv', 'solved.csv');
  batch.child.stdin.end();
  const code = await batch.ended;
  const tookMs = performance.now() - startedMs;
  const solved = (await readFile(join(folder, 'solved.csv'), 'utf8')).split(',solved,').length - 1;
  if (code !== 0 || solved !== count) throw new Error(`exit ${code}, ${solved} of ${count} solved:\n${batch.text()}`);
  return tookMs;
}

/** Tasks per second, and the CPU of the worker. A batch of one task measures the start of the process. */
async function ours() {
  const worker = await startWorker();
  const oneMs = await timeBatch(1);
  const usedMs = cpuMs(worker.child);
  const allMs = await timeBatch(tasks);
  const workerMs = cpuMs(worker.child) - usedMs;
  await stop(worker);
  return { perSecond: ((tasks - 1) / (allMs - oneMs)) * 1_000, workerMs };
}

/** Jobs per second and the CPU of the worker, from the first added to the last finished job. */
async function bullmq() {
  const args = [port, concurrency, tasks].map(String);
  const worker = await start([script('fleet/peer'), 'work', ...args], { said: /ready/ });
  const usedMs = cpuMs(worker.child);
  const producer = await start([script('fleet/peer'), 'produce', ...args], { said: /began \d+/ });
  await producer.ended;
  while (!/done \d+/.test(worker.text())) await sleep(20);
  const workerMs = cpuMs(worker.child) - usedMs;
  const momentOf = (text, word) => Number(new RegExp(`${word} (\\d+)`).exec(text)[1]);
  await stop(worker);
  const ms = momentOf(worker.text(), 'done') - momentOf(producer.text(), 'began');
  return { perSecond: (tasks / ms) * 1_000, workerMs };
}

/** Repeats an action during the steady phase and returns the CPU of these processes, in percent of one core. */
async function percentOfCore(processes, feed) {
  const warmUp = Math.ceil(3_000 / everyMs);
  const used = () => processes.map(({ child }) => cpuMs(child));
  const count = Math.ceil((steadySeconds * 1_000) / everyMs);
  const startedMs = performance.now();
  let [before, beganMs] = [used(), startedMs];
  for (let row = 1; row <= warmUp + count; row += 1) {
    feed(row);
    await sleep(Math.max(0, startedMs + row * everyMs - performance.now()));
    if (row === warmUp) [before, beganMs] = [used(), performance.now()];
  }
  const ms = performance.now() - beganMs;
  return used().map((now, index) => ((now - before[index]) / ms) * 100);
}

async function steadyOurs() {
  const worker = await startWorker();
  const batch = await startBatch('-', 'steady.csv');
  batch.child.stdin.write(header);
  const percents = await percentOfCore([worker, batch], (row) => batch.child.stdin.write(rowOf(row)));
  batch.child.stdin.end();
  const code = await batch.ended;
  if (code !== 0) throw new Error(`exit ${code}:\n${batch.text()}`);
  await stop(worker);
  return percents;
}

/** Uses one thread per task in work, each for the five seconds before the first poll, plus some spare ones. */
async function steadyArticle() {
  const args = [script('fleet/article'), port, '20', url];
  const worker = await start(args, { said: /ready/ });
  const client = new Redis({ host: '127.0.0.1', port: Number(port) });
  const task = (row) =>
    JSON.stringify({ method: 'turnstile', sitekey: `0x4AAA${row}`, pageurl: 'https://example.com/' });
  const percents = await percentOfCore([worker], (row) => client.lpush('article:tasks', task(row)));
  client.disconnect();
  await stop(worker);
  return percents;
}

const runs = { 'BullMQ, jobs that do nothing': [], 'captcha batch --via queues, one worker': [] };
// Interleaved, so that other load on the machine affects both.
for (let round = 0; round < rounds; round += 1) {
  redis.reset();
  runs['BullMQ, jobs that do nothing'].push(await bullmq());
  redis.reset();
  runs['captcha batch --via queues, one worker'].push(await ours());
}
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const of = (values, field) => median(values.map((run) => run[field]));
const floor = of(Object.values(runs)[0], 'perSecond');
console.log(`${tasks} tasks, ${concurrency} at once, medians of ${rounds}, node ${process.version}\n`);
console.log('| | per second | / BullMQ | CPU of the worker, ms per 1,000 | aim |\n|---|---|---|---|---|');
Object.entries(runs).forEach(([name, values], index) => {
  const [perSecond, workerMs] = ['perSecond', 'workerMs'].map((field) => of(values, field));
  const cells = [name, perSecond.toFixed(0), (perSecond / floor).toFixed(2), ((workerMs / tasks) * 1_000).toFixed(0)];
  console.log(`| ${cells.join(' | ')} | ${index === 0 ? '' : '>= 0.5'} |`);
});

if (steadySeconds > 0 && cpuMs(process) !== null) {
  redis.reset();
  const [worker, dispatcher] = await steadyOurs();
  const [article] = await steadyArticle();
  console.log(`\n${perHour} tasks an hour, steadily, for ${steadySeconds} s: percent of one core\n`);
  console.log('| | worker | dispatcher |\n|---|---|---|');
  console.log(`| captcha | ${worker.toFixed(1)} | ${dispatcher.toFixed(1)} |`);
  console.log(`| the article's worker, a loop for each task | ${article.toFixed(1)} | - |`);
}
service.child.kill();
redis.stop();
await rm(folder, { recursive: true });
