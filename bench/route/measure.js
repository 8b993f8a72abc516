import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { performance } from 'node:perf_hooks';

const usage = new URL('../usage.js', import.meta.url).pathname;

/** Runs node with `args` from one file to another: wall and CPU time (user and system) in ms, peak memory in MiB. */
export async function measureFilter(args, { from, to, cwd }) {
  const [input, output] = [openSync(from), openSync(to, 'w')];
  const startedMs = performance.now();
  const child = spawn(process.execPath, ['--import', usage, ...args], { cwd, stdio: [input, output, 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const [said, used] = await Promise.all([text(child.stderr), text(child.stdio[3])]);
  const code = await ended;
  for (const each of [input, output]) closeSync(each);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${said}`);
  return { wallMs: performance.now() - startedMs, ...JSON.parse(used) };
}
