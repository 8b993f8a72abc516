import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { codeOf } from './system-error.ts';

/** Names one process for good: a pid alone is used again. */
export interface LockOwner {
  readonly pid: number;
  readonly host: string;
  /** Epoch ms. */
  readonly startedAt: number;
  /** When the process began, in the kernel's clock ticks since the boot; null where the system does not say. */
  readonly processStart: string | null;
  /** Null where the system does not say. */
  readonly bootId: string | null;
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

/** State and start (fields 3 and 22 of proc(5) `stat`). The name before them may hold blanks and parentheses. */
function procStat(pid: number): { state: string; start: string } | null {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', start: fields[19] ?? '' };
}

/** This process as the owner of a lock. `startedAt` in epoch ms. */
export function thisProcess(startedAt: number): LockOwner {
  return {
    pid: process.pid,
    host: hostname(),
    startedAt,
    processStart: procStat(process.pid)?.start ?? null,
    bootId: readIfThere('/proc/sys/kernel/random/boot_id'),
  };
}

/** Signal 0 only asks. EPERM is the answer of a process of another user, which is there. */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

const differ = (a: string | null, b: string | null): boolean => a !== null && b !== null && a !== b;

/** Whether the owner may still run. One of another host cannot be looked at: it may. */
export function mayBeAlive(owner: LockOwner): boolean {
  if (owner.host !== hostname()) return true;
  if (differ(owner.bootId, readIfThere('/proc/sys/kernel/random/boot_id'))) return false;
  if (!isThere(owner.pid)) return false;
  const stat = procStat(owner.pid);
  // A zombie has ended; only its parent has not asked yet, and may never ask.
  return stat === null || (!'ZX'.includes(stat.state) && !differ(owner.processStart, stat.start));
}

/** The owner that a lock file names; null for a file that names none. */
export function parseOwner(content: string): LockOwner | null {
  try {
    const { pid, host, startedAt, processStart, bootId } = JSON.parse(content) as Partial<LockOwner>;
    // Pids of 0 and below mean groups to kill(2).
    if (!Number.isSafeInteger(pid) || pid === undefined || pid <= 0) return null;
    if (typeof host !== 'string' || typeof startedAt !== 'number') return null;
    return { pid, host, startedAt, processStart: processStart ?? null, bootId: bootId ?? null };
  } catch {
    return null;
  }
}
