import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { comparedModels, models } from './models.js';

const file = (name) => new URL(`${name}.js`, import.meta.url).pathname;
const bin = new URL('../../bin/captcha.js', import.meta.url).pathname;

const epoch = Date.now();

/** Runs node with clocks `scale` times as fast. */
function spawnFast(args, { scale, cwd, env = {}, stdio }) {
  const options = {
    cwd,
    env: { ...process.env, ...env, BENCH_SCALE: String(scale), BENCH_EPOCH: String(epoch) },
    stdio,
  };
  return spawn(process.execPath, ['--import', file('fast-clock'), ...args], options);
}

/** Runs a client to its end. Throws what it wrote to stderr if it failed. */
export async function runFast(args, options) {
  const child = spawnFast(args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${said}`);
}

/** Lets clients meet a service of this model, and returns its figures for each of them, in order. */
export async function figuresOf({ model, threads = 0, untold = false, scale }, clients) {
  const args = [file('service'), model, String(threads), ...(untold ? ['--untold'] : [])];
  const service = spawnFast(args, { scale, stdio: ['ignore', 'pipe', 'inherit'] });
  const url = String((await once(service.stdout, 'data'))[0]).trim();
  const figures = [];
  try {
    for (const run of clients) {
      await run(url);
      figures.push(await (await fetch(`${url}/_figures`)).json());
    }
  } finally {
    service.kill();
  }
  return figures;
}

/** The article's loop or captcha-solver: a function that runs it against a URL. */
export function loopClient(name, { model, tasks, workers, scale, peer = '' }) {
  const { task } = models[model];
  return (url) => runFast([file(name), url, JSON.stringify(task), String(tasks), String(workers), peer], { scale });
}

/** `captcha batch` in a folder of its own: a function that runs `processes` of them at once against a URL. */
export function captchaBatch({ folder, model, tasks, scale, flags = [], processes = 1 }) {
  const { task } = models[model];
  const cells = Object.values(task).join(',');
  const rows = Array.from({ length: Math.ceil(tasks / processes) }, () => cells);
  return async (url) => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'tasks.csv'), `${[Object.keys(task).join(','), ...rows].join('\n')}\n`);
    await writeFile(join(folder, 'captcha.config.json'), '{}');
    const env = { CAPTCHAAI_BASE_URL: url, CAPTCHAAI_API_KEY: 'bench', CAPTCHA_STATE_DIR: join(folder, 'state') };
    const one = (number) => {
      const out = ['--out', `solved-${number}.csv`, '--journal', `${number}.journal`, '--fresh'];
      const config = ['--config', 'captcha.config.json'];
      return runFast([bin, 'batch', 'tasks.csv', ...config, ...out, ...flags], { scale, cwd: folder, env });
    };
    await Promise.all(Array.from({ length: processes }, (_, number) => one(number)));
  };
}

/** The row of each model, two at a time: clients and services mostly wait. */
export async function rowsOf(rowOf) {
  const rows = [];
  let next = 0;
  const work = async () => {
    while (next < comparedModels.length) {
      const place = next;
      next += 1;
      rows[place] = await rowOf(comparedModels[place]);
    }
  };
  await Promise.all([work(), work()]);
  return rows;
}

/** How many times as fast the clocks are for a model, `speed` times as fast as usual. */
export function scaleOf(model, speed) {
  return Math.max(1, Math.round(models[model].scale * speed));
}

/** What a reader needs to know about the run. */
export function describeRun(speed, startedMs) {
  const [{ model: cpu } = { model: 'unknown' }] = cpus();
  const took = Math.round((performance.now() - startedMs) / 1_000);
  const scales = comparedModels.map((model) => scaleOf(model, speed));
  const machine = `node ${process.version}, ${cpus().length} cores (${cpu.trim()}), load ${loadavg()[0].toFixed(1)}`;
  return `${machine}, ${took} s; clocks ${scales.join(', ')} times as fast`;
}

/** A Markdown table. */
export function printTable(head, rows) {
  for (const row of [head, head.map(() => '---'), ...rows]) console.log(`| ${row.join(' | ')} |`);
}
