import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plannedFloor } from './polling/planned-floor.js';
import {
  captchaBatch,
  describeRun,
  figuresOf,
  loopClient,
  printTable,
  rowsOf,
  scaleOf,
} from './polling/run-clients.js';
import { peerFolder } from './storm/peer-folder.js';

// The time between a solution being ready and its delivery: mean and p95 in s, and polls per task. Whole processes, each
// with a service of its own whose solve times are the same. Usage: node bench/delay.js [speed] [tasks]
const speed = Number(process.argv[2] ?? 1);
const tasks = Number(process.argv[3] ?? 200);
const coldTasks = 64;
const workers = 50;
const solver = ['@2captcha/captcha-solver', '1.3.9'];

function cellOf({ delaysMs, polls, accepted }) {
  const sorted = delaysMs.toSorted((a, b) => a - b).map((ms) => ms / 1_000);
  const mean = sorted.reduce((sum, delay) => sum + delay, 0) / sorted.length;
  return `${mean.toFixed(2)} / ${sorted[Math.floor(sorted.length * 0.95)].toFixed(1)} / ${(polls / accepted).toFixed(2)}`;
}

async function rowOf(model, folder, peer) {
  const service = { model, scale: scaleOf(model, speed) };
  const one = { ...service, tasks, workers };
  const batch = (count) => captchaBatch({ ...one, folder, tasks: count, flags: ['--concurrency', String(workers)] });
  const [[article], [peers], [cold, learnt]] = await Promise.all([
    figuresOf(service, [loopClient('article', one)]),
    peer === null ? [null] : figuresOf(service, [loopClient('captcha-solver', { ...one, peer })]),
    figuresOf(service, [batch(coldTasks), batch(tasks)]),
  ]);
  const cells = [article, peers, cold, learnt, plannedFloor(model, tasks)];
  return [model, ...cells.map((figures) => (figures === null ? '-' : cellOf(figures)))];
}

const startedMs = performance.now();
const folder = await mkdtemp(join(tmpdir(), 'captcha-delay-'));
const peer = await peerFolder(...solver);
const rows = await rowsOf((model) => rowOf(model, join(folder, model.replace(/\W+/g, '-')), peer));
await rm(folder, { recursive: true });
console.log(`\n${tasks} tasks each, ${workers} at once, ${describeRun(speed, startedMs)}`);
console.log('delay mean s / p95 s / polls per task\n');
printTable(
  [
    'solve time',
    "article's loop",
    `captcha-solver ${solver[1]}`,
    `captcha, first ${coldTasks}`,
    'captcha, learnt',
    'planned floor',
  ],
  rows,
);
