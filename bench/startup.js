// The start-up time of captcha in a script: whole processes, relative to `node -e 0` in the same run.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

const rounds = Number(process.argv[2] ?? 40);
const bin = new URL('../bin/captcha.js', import.meta.url).pathname;

/** A service that accepts and solves at once. */
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () =>
    response.end(JSON.stringify({ status: 1, request: request.url === '/in.php' ? '1' : 'token' })),
  );
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const folder = await mkdtemp(join(tmpdir(), 'captcha-bench-'));
const config = join(folder, 'captcha.config.json');
await writeFile(config, JSON.stringify({ polling: { firstWait: '0ms' } }));
const env = {
  ...process.env,
  CAPTCHAAI_BASE_URL: `http://127.0.0.1:${server.address().port}`,
  CAPTCHAAI_API_KEY: 'bench',
};

const solve = [
  bin,
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
const variants = {
  'node -e 0': ['-e', '0'],
  'captcha --version': [bin, '--version'],
  'captcha --help': [bin, '--help'],
  'captcha solve': solve,
};

function timeOnce(args) {
  const startedMs = performance.now();
  const child = spawn(process.execPath, args, { env, cwd: folder, stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => {
      if (code === 0) resolve(performance.now() - startedMs);
      else reject(new Error(`${args.join(' ')} ended with ${code}`));
    });
  });
}

const times = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
// Interleaved, so that other load on the machine affects all variants.
for (let round = 0; round < rounds; round += 1) {
  for (const [name, args] of Object.entries(variants)) times[name].push(await timeOnce(args));
}
server.close();
await rm(folder, { recursive: true });

const quantile = (values, q) => values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))];
const floor = times['node -e 0'];
console.log(`${rounds} interleaved rounds, node ${process.version}\n`);
console.log('| process | median ms | p10 ms | ratio of medians | ratio of p10 | aim |\n|---|---|---|---|---|---|');
const aims = { 'captcha --version': '< 1.25', 'captcha --help': '< 1.4', 'captcha solve': '< 2.2' };
for (const [name, values] of Object.entries(times)) {
  const ratio = (q) => (quantile(values, q) / quantile(floor, q)).toFixed(2);
  const row = [
    name,
    quantile(values, 0.5).toFixed(1),
    quantile(values, 0.1).toFixed(1),
    ratio(0.5),
    ratio(0.1),
    aims[name] ?? '',
  ];
  console.log(`| ${row.join(' | ')} |`);
}
