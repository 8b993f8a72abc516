// Duration of a health check of 500 regions while 100 of them hang: whole processes, relative to the timeout in the
// same run.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

const rounds = Number(process.argv[2] ?? 5);
const timeoutMs = Number(process.argv[3] ?? 5_000);
const count = { regions: 500, hanging: 100, hosts: 10 };
const bin = new URL('../bin/captcha.js', import.meta.url).pathname;

/** Answers at once, except on paths that hang. */
function serve(request, response) {
  if (!request.url.startsWith('/hang')) response.end('{"status":"healthy","activeWorkers":4,"queueDepth":0}');
}
const servers = Array.from({ length: count.hosts }, () => createServer(serve));
await Promise.all(servers.map((server) => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))));
const urls = servers.map((server) => `http://127.0.0.1:${server.address().port}`);

const region = (hanging) => (_, index) => {
  const url = `${urls[index % urls.length]}/${index < hanging ? 'hang' : 'health'}/${index}`;
  return { name: `region-${index}`, health: url };
};
const folder = await mkdtemp(join(tmpdir(), 'captcha-bench-'));
async function configWith(hanging) {
  const regions = Array.from({ length: count.regions }, region(hanging));
  const path = join(folder, `${hanging}.json`);
  await writeFile(path, JSON.stringify({ regions, api: { baseUrl: urls[0] }, health: { timeout: `${timeoutMs}ms` } }));
  return path;
}

/** Runs `captcha health` and returns its duration in ms. */
async function timeOnce(config, hanging) {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [bin, '--config', config, 'health', '--json'], { cwd: folder });
  let stdout = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  const code = await new Promise((resolve) => child.once('close', resolve));
  const tookMs = performance.now() - startedMs;
  const ill = JSON.parse(stdout).regions.filter(({ status }) => status === 'unhealthy').length;
  if (code !== (hanging > 0 ? 1 : 0) || ill !== hanging) throw new Error(`exit ${code}, ${ill} regions unhealthy`);
  return tookMs;
}

const variants = { 'none hangs': 0, [`${count.hanging} hang`]: count.hanging };
const times = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, hanging] of Object.entries(variants)) {
    times[name].push(await timeOnce(await configWith(hanging), hanging));
  }
}
for (const server of servers) {
  server.closeAllConnections();
  server.close();
}
await rm(folder, { recursive: true });

const sorted = (values) => values.toSorted((a, b) => a - b);
console.log(
  `${count.regions} regions on ${count.hosts} hosts, timeout ${timeoutMs} ms, ${rounds} rounds, node ${process.version}\n`,
);
console.log('| captcha health | median ms | worst ms | worst / timeout | aim |\n|---|---|---|---|---|');
for (const [name, values] of Object.entries(times)) {
  const worst = sorted(values).at(-1);
  const median = sorted(values)[Math.floor((values.length - 1) / 2)];
  const aim = variants[name] > 0 ? '<= 1.15' : '';
  console.log(`| ${name} | ${median.toFixed(0)} | ${worst.toFixed(0)} | ${(worst / timeoutMs).toFixed(2)} | ${aim} |`);
}
