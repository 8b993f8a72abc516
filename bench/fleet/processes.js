// Starts the processes of a benchmark, waits for them, and reads their CPU time.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in hundredths of a second. */
const msPerTick = 10;

/** Starts a Node.js process; resolves once its output matches `said`. */
export async function start(args, { said, ...options } = {}) {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
  let text = '';
  const ended = once(child, 'close').then(([code]) => code);
  await new Promise((resolve, reject) => {
    const look = (chunk) => {
      text += chunk;
      if (said?.test(text)) resolve();
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    if (said === undefined) resolve();
    else void ended.then((code) => reject(new Error(`${args.join(' ')} ended with ${code}:\n${text}`)));
  });
  return { child, ended, text: () => text };
}

/** CPU time of a running process so far, in ms; null without /proc. */
export function cpuMs({ pid }) {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return null;
  const fields = readFileSync(path, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * msPerTick;
}
