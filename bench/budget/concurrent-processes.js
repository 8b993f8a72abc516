// Concurrent real `captcha solve` processes during an outage.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const task = ['--method', 'turnstile', '--sitekey', 'k', '--pageurl', 'https://example.com'];

/** Starts the sandbox of the built program; returns its URL. */
async function startSandbox(bin, outageMs) {
  const child = spawn(process.execPath, [bin, 'sandbox', '--outage', `503:0s-${outageMs}ms`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  for await (const line of createInterface(child.stdout)) {
    const url = /listening on (\S+)/.exec(line)?.[1];
    if (url !== undefined) return { url, stop: () => child.kill() };
  }
  throw new Error('the sandbox did not start');
}

function solve(bin, flags, env) {
  const child = spawn(process.execPath, [bin, 'solve', ...task, ...flags], { env, stdio: 'ignore' });
  return new Promise((resolve) => child.once('exit', resolve));
}

/** Runs many processes at once against a service that is down at first. */
export async function processesMeetOutage(bin, { count, outageMs, flags, env }) {
  const sandbox = await startSandbox(bin, outageMs);
  const startedMs = performance.now();
  const own = { ...env, CAPTCHAAI_BASE_URL: sandbox.url };
  const codes = await Promise.all(Array.from({ length: count }, () => solve(bin, flags, own)));
  const seconds = (performance.now() - startedMs) / 1_000;
  const stats = await (await fetch(`${sandbox.url}/_stats`)).json();
  sandbox.stop();
  const solved = codes.filter((code) => code === 0).length;
  return { solved, seconds, submissions: stats.submissions, duringOutage: stats.submissionsDuringOutage };
}
