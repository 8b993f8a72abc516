import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { performance } from 'node:perf_hooks';

const usage = new URL('../usage.js', import.meta.url).pathname;

/** Runs node with `args` to its end: wall and CPU time (user and system) in ms, peak memory in MiB. */
export async function measure(args, { env = {}, cwd } = {}) {
  const startedMs = performance.now();
  const stdio = ['ignore', 'ignore', 'pipe', 'pipe'];
  const child = spawn(process.execPath, ['--import', usage, ...args], {
    env: { ...process.env, ...env },
    cwd,
    stdio,
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const [said, used] = await Promise.all([text(child.stderr), text(child.stdio[3])]);
  const code = await ended;
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${said}`);
  return { wallMs: performance.now() - startedMs, said, ...JSON.parse(used) };
}
