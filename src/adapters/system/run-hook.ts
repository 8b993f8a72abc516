import { spawn } from 'node:child_process';
import type { HookRequest } from '../../ports/system.ts';

/** How long a command may take to end after it was asked to, in ms. */
const graceMs = 2_000;

/** The whole group: the shell and what it has started. It may have ended. */
function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
}

/**
 * Runs a command line in `/bin/sh` with `input` on its standard input. Its output goes to standard error. It has a process
 * group of its own, so that Ctrl-C does not end it, and ends with it at `timeoutMs`. Never rejects: returns why it failed,
 * as a phrase, or null.
 */
export function runHook(command: string, { input, env, timeoutMs }: HookRequest): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', command], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 2, 2],
      detached: true,
    });
    let isLate = false;
    let killing: NodeJS.Timeout | undefined;
    const timer = setTimeout(() => {
      isLate = true;
      signalGroup(child.pid, 'SIGTERM');
      killing = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), graceMs);
    }, timeoutMs);
    const finish = (why: string | null): void => {
      clearTimeout(timer);
      clearTimeout(killing);
      // What it left running in its group would outlive its limit.
      if (isLate) signalGroup(child.pid, 'SIGKILL');
      resolve(isLate ? `no end within ${timeoutMs / 1_000}s` : why);
    };
    child.on('error', (error) => finish(error.message));
    child.on('exit', (code, signal) => finish(code === 0 ? null : signal === null ? `exit code ${code}` : signal));
    // A command need not read what it is given.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
