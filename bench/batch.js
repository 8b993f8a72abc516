import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure } from './batch/measure.js';

// The cost of `captcha batch` compared with bare requests and with the vendor's client. Measures whole processes
// against a service that answers at once, in its own process. Usage: node bench/batch.js [rows] [rounds]
const rows = Number(process.argv[2] ?? 20_000);
const rounds = Number(process.argv[3] ?? 3);
const concurrency = 500;
const connections = 64;
const script = (name) => new URL(`batch/${name}.js`, import.meta.url).pathname;
const bin = new URL('../bin/captcha.js', import.meta.url).pathname;
const peers = ['@2captcha/captcha-solver@1.3.9', 'p-limit@7.3.3'];

/** The folder with the installed peers, or null if they cannot be installed. */
async function peerFolder() {
  const folder = join(tmpdir(), 'captcha-bench-peers');
  if (existsSync(join(folder, 'node_modules/p-limit'))) return folder;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  try {
    execFileSync('npm', ['install', '--no-audit', '--no-fund', ...peers], { cwd: folder, stdio: 'ignore' });
    return folder;
  } catch {
    return null;
  }
}

async function startService() {
  const child = spawn(process.execPath, [script('service')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  return { child, url: String(line).trim() };
}

async function writeInput(folder) {
  const lines = ['task_id,method,sitekey,pageurl'];
  for (let row = 1; row <= rows; row += 1) {
    lines.push(`t${row},turnstile,0x4AAA${row},https://example.com/login/${row}`);
  }
  await writeFile(join(folder, 'tasks.csv'), `${lines.join('\n')}\n`);
  const config = { api: { connections }, polling: { firstWait: '0ms', interval: '20ms' } };
  await writeFile(join(folder, 'bench.json'), JSON.stringify(config));
}

const folder = await mkdtemp(join(tmpdir(), 'captcha-bench-'));
const { child: service, url } = await startService();
await writeInput(folder);
const peer = await peerFolder();
if (peer === null) console.log('the peers cannot be installed: their row is left out\n');

const env = { CAPTCHAAI_BASE_URL: url, CAPTCHAAI_API_KEY: 'bench', XDG_STATE_HOME: join(folder, 'state') };
const order = JSON.stringify({ url, rows, concurrency, connections, folder: peer });
const profile =
  process.env.BENCH_PROFILE === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`];
const ours = [
  ...[...profile, bin, '--config', 'bench.json', 'batch', 'tasks.csv', '--concurrency', String(concurrency)],
  ...['--out', 'solved.csv', '--fresh'],
];
const variants = {
  'undici by hand': [script('floor'), order],
  'captcha-solver + p-limit': peer === null ? null : [script('peer'), order],
  'captcha batch --out': ours,
};

const runs = new Map();
// Interleaved, so that other load on the machine affects all variants.
for (let round = 0; round < rounds; round += 1) {
  for (const [name, args] of Object.entries(variants)) {
    if (args === null) continue;
    const measured = await measure(args, { env, cwd: folder });
    const requestCount = Number(await (await fetch(`${url}/_requests`)).text());
    runs.set(name, [...(runs.get(name) ?? []), { ...measured, requestCount }]);
  }
}
service.kill();
await rm(folder, { recursive: true });

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const of = (name, field) => median(runs.get(name).map((run) => run[field]));
const floor = 'undici by hand';
console.log(
  `${rows} rows, ${concurrency} at once, ${connections} connections, medians of ${rounds}, node ${process.version}\n`,
);
console.log('| process | CPU ms | CPU / floor | wall ms | wall / floor | peak MiB | requests per task |');
console.log('|---|---|---|---|---|---|---|');
for (const name of runs.keys()) {
  const ratio = (field) => (of(name, field) / of(floor, field)).toFixed(2);
  const [cpuMs, wallMs, peakMiB] = ['cpuMs', 'wallMs', 'peakMiB'].map((field) => of(name, field).toFixed(0));
  const perTask = (of(name, 'requestCount') / rows).toFixed(2);
  console.log(`| ${[name, cpuMs, ratio('cpuMs'), wallMs, ratio('wallMs'), peakMiB, perTask].join(' | ')} |`);
}
console.log('\naims: CPU at most 1.35 of the floor, wall time ahead of the peer, at most 2.2 requests per task');
