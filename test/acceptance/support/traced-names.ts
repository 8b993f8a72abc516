import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Bench } from './bench.ts';
import { bin, type Ended } from './running.ts';

/**
 * Loaded before the program: records every name change and every folder sync before it happens, and kills the process
 * with SIGKILL instead of the n-th name change.
 */
const preload = `
const fs = require('node:fs');
const { basename } = require('node:path');
const { syncBuiltinESMExports } = require('node:module');
const calls = fs.promises;
const killAt = Number(process.env.KILL_AT);
let count = 0;
const note = (...words) => fs.appendFileSync(process.env.TRACE, words.join(' ') + '\\n');
for (const name of ['link', 'rename', 'unlink']) {
  const call = calls[name];
  calls[name] = (...paths) => {
    count += 1;
    if (count === killAt) process.kill(process.pid, 'SIGKILL');
    note(name, ...paths.map((path) => basename(String(path))));
    return call(...paths);
  };
}
const open = calls.open;
calls.open = async (path, ...rest) => {
  const file = await open(path, ...rest);
  if (!(await file.stat()).isDirectory()) return file;
  const sync = file.sync.bind(file);
  file.sync = () => (note('sync', 'folder'), sync());
  return file;
};
syncBuiltinESMExports();
`;

export interface Traced {
  readonly ended: Ended;
  /** The name changes in order, such as `rename a b`, and `sync folder`. Random parts are replaced by X. */
  readonly calls: readonly string[];
}

/** Runs the built program in a folder. With `killAt` it is killed instead of that name change, counted from 1. */
export async function runTraced(
  bench: Bench,
  args: readonly string[],
  { at, cwd, killAt = 0 }: { at: { readonly url: string }; cwd: string; killAt?: number },
): Promise<Traced> {
  const script = await bench.write('trace.cjs', preload);
  const trace = await bench.write(`trace-${basename(cwd)}-${killAt}.txt`, '');
  const config = await bench.write('traced.json', {
    polling: { firstWait: '0ms', interval: '20ms' },
    budget: { scope: 'process' },
  });
  const ended = await bench.startOther(
    process.execPath,
    ['--require', script, join(bin), '--config', config, ...args],
    { at, cwd, env: { KILL_AT: String(killAt), TRACE: trace } },
  ).ended;
  const calls = readFileSync(trace, 'utf8').trimEnd().split('\n');
  return {
    ended,
    calls: calls.map((line) => line.replaceAll(/\b[0-9a-f]{12}\b/g, 'X').replaceAll(/partial-\w+-X/g, 'partial-X')),
  };
}
