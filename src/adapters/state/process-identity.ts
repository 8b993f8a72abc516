import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, uptime } from 'node:os';

/** Names one process for good. A pid alone is used again, and it means another process in another container. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When the process began, in the kernel's clock ticks since the boot; null where the system does not say. */
  readonly start: string | null;
  /** Where `pid` and `start` mean this process: one boot and, on Linux, one PID namespace and one time namespace. */
  readonly space: string;
  /** For people only: two machines may have one name, and a machine may get another one. */
  readonly host: string;
}

/** `unknown`: the process cannot be looked at from here. */
export type ProcessState = 'running' | 'stopped' | 'ended' | 'unknown';

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** Names a namespace of this process; empty where the system has none. */
export function namespaceOf(kind: 'pid' | 'time'): string {
  return orNull(() => readlinkSync(`/proc/self/ns/${kind}`).replace(/\D/g, '')) ?? '';
}

/** What Linux calls the time since the last boot; null elsewhere. */
function bootId(): string | null {
  return orNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
}

/** The minute of the last boot, the best guess first: two processes may round it to neighbouring ones. */
function bootMinutes(): readonly number[] {
  const minute = Math.round((Date.now() - uptime() * 1_000) / 60_000);
  return [minute, minute - 1, minute + 1];
}

/** State and start (fields 3 and 22 of proc(5) `stat`). The name before them may hold blanks and parentheses. */
function procStat(pid: number | 'self'): { state: string; start: string } | null {
  const stat = orNull(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', start: fields[19] ?? '' };
}

/** Whether the numbers in /proc are those of this process's PID namespace: a namespace may be made without its own /proc. */
function procIsOurs(): boolean {
  const status = orNull(() => readFileSync('/proc/self/status', 'latin1')) ?? '';
  const [, pids = ''] = /^NSpid:\s*(.*)$/m.exec(status) ?? [];
  return pids.split(/\s+/).length === 1;
}

/** The names of the space of this process: the one that it tells others first, then those that mean the same. */
function spacesHere(): readonly string[] {
  const boot = bootId();
  if (boot !== null) return [`${boot}/${namespaceOf('pid')}/${namespaceOf('time')}`];
  return bootMinutes().map((minute) => `${hostname()}/m${minute}`);
}

let known: ProcessIdentity | null = null;

/** The identity of this process. */
export function thisProcess(): ProcessIdentity {
  known ??= {
    pid: process.pid,
    start: procStat('self')?.start ?? null,
    space: spacesHere()[0] ?? '',
    host: hostname(),
  };
  return known;
}

/** Signal 0 only asks. EPERM is the answer of a process of another user, which is there. */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/** What a process does now, as far as it can be seen from here. */
export function stateOf({ pid, start, space }: ProcessIdentity): ProcessState {
  // Pids of 0 and below mean groups to kill(2).
  if (!(pid > 0) || !spacesHere().includes(space)) return 'unknown';
  if (!isThere(pid)) return 'ended';
  const stat = procIsOurs() ? procStat(pid) : null;
  if (stat === null || start === null) return pid === process.pid ? 'running' : 'unknown';
  // A zombie has ended; only its parent has not asked yet, and may never ask.
  if (stat.start !== start || 'ZX'.includes(stat.state)) return 'ended';
  return 'Tt'.includes(stat.state) ? 'stopped' : 'running';
}

/**
 * Names for the time since the last boot in which `hostNowMs` is one clock, the best first. Linux says which boot it is,
 * and a time namespace has a clock of its own. Elsewhere it is the minute of the boot.
 */
export function bootNames(): readonly string[] {
  const boot = bootId();
  if (boot !== null) return [`${boot.replaceAll('-', '').slice(0, 12)}-${namespaceOf('time')}`];
  return bootMinutes().map((minute) => `m${minute}`);
}

const pidNamespace = namespaceOf('pid');
const { pid, start, space, host } = thisProcess();

/** Names this process in a log of one boot and one time namespace, as `pid.start.namespace`. */
export const processId = `${pid}.${start ?? ''}.${pidNamespace}`;

/** Whether a writer has ended, or stands still. One that cannot be seen from here counts as alive. */
export function isProcessDead(writer: string): boolean {
  const [pidThere = '', startedAt = '', namespace] = writer.split('.');
  if (writer === processId || namespace !== pidNamespace) return false;
  const state = stateOf({ pid: Number(pidThere), start: startedAt === '' ? null : startedAt, space, host });
  // The answers of a stopped one may come, but nobody knows when.
  return state === 'ended' || state === 'stopped';
}
