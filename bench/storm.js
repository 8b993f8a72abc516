import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { peerFolder } from './storm/peer-folder.js';

// Fifty tasks during the same outage, as real processes against a service on loopback: number of submissions, time
// until all are solved, and number of solved ones. Usage: node bench/storm.js [clients] [outage seconds]
const clients = Number(process.argv[2] ?? 50);
const outageSeconds = Number(process.argv[3] ?? 15);
const longestMs = 180_000;
const script = (name) => new URL(`storm/${name}.js`, import.meta.url).pathname;
const bin = new URL('../bin/captcha.js', import.meta.url).pathname;
const node = process.execPath;

const service = spawn(node, [script('service'), String(outageSeconds * 1_000)], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const url = String((await once(service.stdout, 'data'))[0]).trim();
const folder = await mkdtemp(join(tmpdir(), 'captcha-storm-'));
const rows = Array.from({ length: clients }, (_, row) => `turnstile,0x4AAA${row},https://example.com/login`);
await writeFile(join(folder, 'tasks.csv'), `method,sitekey,pageurl\n${rows.join('\n')}\n`);
await writeFile(
  join(folder, 'captcha.config.json'),
  JSON.stringify({ polling: { firstWait: '0ms', interval: '100ms' } }),
);
const config = ['--config', join(folder, 'captcha.config.json')];
const task = ['--method', 'turnstile', '--sitekey', '0x4AAA', '--pageurl', 'https://example.com/login'];

/** Runs a command; resolves with whether it succeeded. */
async function run([command, ...args], env) {
  const child = spawn(command, args, { cwd: folder, env, stdio: 'ignore', timeout: longestMs });
  const [code] = await once(child, 'exit');
  return code === 0;
}

const peers = {
  'p-retry': await peerFolder('p-retry', '7.1.1'),
  cockatiel: await peerFolder('cockatiel', '3.2.1'),
  'captcha-solver': await peerFolder('@2captcha/captcha-solver', '1.3.9'),
};
const withPeer = (peer, command) => (peers[peer] === null ? null : command(peers[peer]));
const loop = (peer) => {
  const once = [node, script('captcha-solver'), url, peer].map((word) => `'${word}'`).join(' ');
  return ['sh', '-c', `until ${once} 2>/dev/null; do sleep 1; done`];
};

/** Per variant: the command, the number of concurrent runs, and the number of tasks per run. */
const variants = {
  "the article's client": [[node, script('article'), url], clients],
  'p-retry 7.1.1': [withPeer('p-retry', (peer) => [node, script('p-retry'), url, peer]), clients],
  'cockatiel 3.2.1, retry + breaker': [
    withPeer('cockatiel', (peer) => [node, script('cockatiel'), url, peer]),
    clients,
  ],
  'captcha-solver 1.3.9 in a shell loop': [withPeer('captcha-solver', loop), clients],
  'captcha solve': [[node, bin, ...config, 'solve', ...task], clients],
  'captcha solve --fail-fast': [[node, bin, ...config, 'solve', '--fail-fast', ...task], clients],
  'captcha batch': [[node, bin, ...config, 'batch', 'tasks.csv', '--out', 'solved.csv', '--fresh'], 1],
};

const table = [];
for (const [name, [command, processes]] of Object.entries(variants)) {
  if (command === null) continue;
  // A fresh state folder, so that no variant profits from what another has learnt about the service.
  const state = join(folder, `state-${table.length}`);
  const env = { ...process.env, CAPTCHAAI_BASE_URL: url, CAPTCHAAI_API_KEY: 'bench', CAPTCHA_STATE_DIR: state };
  await fetch(`${url}/_reset`);
  const startedMs = performance.now();
  const ended = await Promise.all(Array.from({ length: processes }, () => run(command, env)));
  const seconds = (performance.now() - startedMs) / 1_000;
  const { inOutage, submissions, accepted, peak } = await (await fetch(`${url}/_reset`)).json();
  const solved = processes === 1 ? Math.min(accepted, clients) : ended.filter(Boolean).length;
  table.push([
    name,
    processes,
    inOutage,
    submissions,
    peak,
    seconds.toFixed(1),
    `${((100 * solved) / clients).toFixed(0)} %`,
  ]);
}
service.kill();
await rm(folder, { recursive: true });

console.log(`\n${clients} tasks, a service that is down for ${outageSeconds} s, node ${process.version}\n`);
const head = [
  'client',
  'processes',
  'submissions in the outage',
  'in all',
  'peak/s',
  'until the last ended, s',
  'solved',
];
for (const row of [head, head.map(() => '---'), ...table]) console.log(`| ${row.join(' | ')} |`);
