import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { solveTimes } from './polling/models.js';
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

// How well a batch uses the threads of an account: makespan over the ideal one (the sum of the solve times over the
// threads), requests and refused submissions per task. Usage: node bench/threads.js [speed] [tasks] [threads]
const speed = Number(process.argv[2] ?? 1);
const tasks = Number(process.argv[3] ?? 80);
const threads = Number(process.argv[4] ?? 8);
const solver = ['@2captcha/captcha-solver', '1.3.9'];
const mixed = 'turnstile 4 s to 8 s';

function cellOf({ startedMs, endedMs, usedMs, requests, refused, accepted }) {
  const overIdeal = (endedMs - startedMs) / (usedMs / threads);
  return [overIdeal, requests / accepted, refused / accepted].map((figure) => figure.toFixed(2)).join(' / ');
}

/** Makespan over ideal of a client that learns at once that a task is solved: the last tasks leave threads idle. */
function floorOf(model) {
  const freeAtMs = Array(threads).fill(0);
  const times = solveTimes(model, tasks, 1);
  for (const ms of times) freeAtMs[freeAtMs.indexOf(Math.min(...freeAtMs))] += ms;
  return (Math.max(...freeAtMs) / (times.reduce((sum, ms) => sum + ms, 0) / threads)).toFixed(2);
}

async function rowOf(model, folder, peer) {
  const one = { model, scale: scaleOf(model, speed), tasks, threads, workers: threads };
  const [[article], [peers], [captcha]] = await Promise.all([
    figuresOf(one, [loopClient('article', one)]),
    peer === null ? [null] : figuresOf(one, [loopClient('captcha-solver', { ...one, peer })]),
    figuresOf(one, [captchaBatch({ ...one, folder })]),
  ]);
  return [model, ...[article, peers, captcha].map((each) => (each === null ? '-' : cellOf(each))), floorOf(model)];
}

/** The same batch where the account is harder to know. */
async function specialRows(folder) {
  const one = { model: mixed, scale: scaleOf(mixed, speed), tasks, threads };
  const cases = {
    'as above, threads told': [{}, {}],
    'service without threadsinfo': [{ untold: true }, {}],
    'two processes on one account': [{}, { processes: 2 }],
    'two processes, without threadsinfo': [{ untold: true }, { processes: 2 }],
  };
  const rows = [];
  for (const [name, [service, client]] of Object.entries(cases)) {
    const batch = captchaBatch({ ...one, ...client, folder: join(folder, `case-${rows.length}`) });
    const [figures] = await figuresOf({ ...one, ...service }, [batch]);
    rows.push([name, cellOf(figures)]);
  }
  return rows;
}

const startedMs = performance.now();
const folder = await mkdtemp(join(tmpdir(), 'captcha-threads-'));
const peer = await peerFolder(...solver);
const special = specialRows(folder);
const rows = await rowsOf((model) => rowOf(model, join(folder, model.replace(/\W+/g, '-')), peer));
const specials = await special;
await rm(folder, { recursive: true });
console.log(`\n${tasks} tasks on ${threads} threads, ${describeRun(speed, startedMs)}`);
console.log('makespan over ideal / requests per task / refused submissions per task\n');
printTable(['solve time', "article's loop", `captcha-solver ${solver[1]}`, 'captcha batch', 'no delay at all'], rows);
console.log('');
printTable([mixed, 'captcha batch'], specials);
