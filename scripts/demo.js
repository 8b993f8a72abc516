// The main use case against the embedded sandbox, with an outage in the middle: retries, the budget, and the solution.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const bin = new URL('../bin/captcha.js', import.meta.url).pathname;
const outage = { fromMs: 4_000, toMs: 8_000 };
const say = (text) => console.log(process.stdout.isTTY ? `\n\u001b[1m${text}\u001b[0m` : `\n${text}`);

/** Starts the sandbox; resolves with its process and URL once it listens. */
async function startSandbox() {
  const args = ['sandbox', '--latency', '400ms-900ms', '--outage', `503:${outage.fromMs}ms-${outage.toMs}ms`];
  console.log(`$ captcha ${args.join(' ')} &`);
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  const line = await new Promise((resolve, reject) => {
    child.stdout.once('data', (chunk) => resolve(String(chunk).split('\n')[0]));
    child.once('exit', (code) => reject(new Error(`the sandbox ended with ${code}`)));
  });
  console.log(line);
  return { child, url: line.replace('listening on ', '') };
}

function solve(env, page, ...flags) {
  const args = ['solve', '--method', 'turnstile', '--sitekey', '0x4AAA', '--pageurl', page, ...flags];
  console.log(`$ captcha ${args.join(' ')}`);
  const child = spawn(process.execPath, [bin, ...args], { cwd: folder, env, stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve) => {
    child.once('exit', (code) => {
      console.log(`exit code ${code}`);
      resolve(code);
    });
  });
}

const folder = await mkdtemp(join(tmpdir(), 'captcha-demo-'));
// The sandbox does not ban clients, so the demo polls faster than CaptchaAI allows.
await writeFile(
  join(folder, 'captcha.config.json'),
  JSON.stringify({ polling: { firstWait: '400ms', interval: '500ms' } }),
);

const startedMs = Date.now();
const { child, url } = await startSandbox();
const env = { ...process.env, CAPTCHAAI_BASE_URL: url, CAPTCHAAI_API_KEY: 'demo' };
let codes;
try {
  say('A calm service: the solution on stdout, and nothing else.');
  const calm = await solve(env, 'https://example.com/login');

  await sleep(Math.max(0, startedMs + outage.fromMs + 300 - Date.now()));
  say('An outage: every retry takes a token from the budget and waits a random time.');
  const stormy = await solve(env, 'https://example.com/checkout', '--max-attempts', '8', '-v');

  const stats = await (await fetch(`${url}/_stats`)).json();
  say('What the service saw:');
  console.log(`${stats.submissions} submissions, ${stats.accepted} accepted, ${stats.duplicates} paid for twice`);
  codes = [calm, stormy];
} finally {
  child.kill('SIGTERM');
  await rm(folder, { recursive: true });
}
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;
