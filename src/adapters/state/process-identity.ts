import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, uptime } from 'node:os';

/** A unique name of a process. A pid alone is reused, and means another process in another container. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in the kernel's clock ticks since boot; null if the system does not report it. */
  readonly start: string | null;
  /** The scope in which `pid` and `start` are valid: one boot and, on Linux, one PID and one time namespace. */
  readonly space: string;
  /** For display only: two machines may have the same name, and a name may change. */
  readonly host: string;
}

/** `unknown`: the process is not visible from here. */
export type ProcessState = 'running' | 'stopped' | 'ended' | 'unknown';

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** The id of a namespace of this process; empty if the system has none. */
export function namespaceOf(kind: 'pid' | 'time'): string {
  return orNull(() => readlinkSync(`/proc/self/ns/${kind}`).replace(/\D/g, '')) ?? '';
}

/** The name that macOS gives a boot, as `sysctl` prints it. Node has no other way to read it. */
function askBootSession(): string {
  // The bundle has no child processes of its own.
  const { execFileSync } = process.getBuiltinModule('node:child_process');
  return execFileSync('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'], {
    encoding: 'utf8',
    timeout: 2_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** The boot in an answer of `sysctl`; null if it is none. */
export function bootSessionIn(ask: () => string): string | null {
  const answer = orNull(ask)?.trim() ?? '';
  return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(answer) ? answer.toLowerCase() : null;
}

let boot: string | null | undefined;

/** The id of this boot on Linux and macOS; null elsewhere. */
function bootId(): string | null {
  boot ??= orNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  if (process.platform === 'darwin') boot ??= bootSessionIn(askBootSession);
  return boot;
}

/** The minute of the last boot and its neighbours, best guess first: processes may round it differently. */
function bootMinutes(): readonly number[] {
  const minute = Math.round((Date.now() - uptime() * 1_000) / 60_000);
  return [minute, minute - 1, minute + 1];
}

/**
 * State and start time (fields 3 and 22 of proc(5) `stat`). The name before them may contain blanks and parentheses.
 */
function procStat(pid: number | 'self'): { state: string; start: string } | null {
  const stat = orNull(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', start: fields[19] ?? '' };
}

/** True if the pids in /proc are those of this process's PID namespace: a namespace may lack its own /proc. */
function procIsOurs(): boolean {
  const status = orNull(() => readFileSync('/proc/self/status', 'latin1')) ?? '';
  const [, pids = ''] = /^NSpid:\s*(.*)$/m.exec(status) ?? [];
  return pids.split(/\s+/).length === 1;
}

/** The scope names of this process: the one that it publishes first, then equivalent ones. */
function spacesHere(): readonly string[] {
  const id = bootId();
  if (id !== null) return [`${id}/${namespaceOf('pid')}/${namespaceOf('time')}`];
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

/** Signal 0 only tests. EPERM means that the process exists and belongs to another user. */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/** The state of a process, as far as it is visible from here. */
export function stateOf({ pid, start, space }: ProcessIdentity): ProcessState {
  // For kill(2), pids of 0 and below mean groups.
  if (!(pid > 0) || !spacesHere().includes(space)) return 'unknown';
  if (!isThere(pid)) return 'ended';
  const stat = procIsOurs() ? procStat(pid) : null;
  if (stat === null || start === null) return pid === process.pid ? 'running' : 'unknown';
  // A zombie has ended; its parent has not collected the status yet and may never do so.
  if (stat.start !== start || 'ZX'.includes(stat.state)) return 'ended';
  return 'Tt'.includes(stat.state) ? 'stopped' : 'running';
}

/**
 * Names of the current boot, within which `hostNowMs` is one clock; the best name first: the boot id and, on Linux, the
 * time namespace, which has its own clock. Without a boot id it is the minute of the boot.
 */
export function bootNames(): readonly string[] {
  const id = bootId();
  if (id !== null) return [`${id.replaceAll('-', '').slice(0, 12)}-${namespaceOf('time')}`];
  return bootMinutes().map((minute) => `m${minute}`);
}

const pidNamespace = namespaceOf('pid');
const { pid, start, space, host } = thisProcess();

/** Names this process within a boot and time namespace, as `pid.start.namespace`. */
export const processId = `${pid}.${start ?? ''}.${pidNamespace}`;

/** True if a writer has ended or is stopped. A writer that is not visible from here counts as alive. */
export function isProcessDead(writer: string): boolean {
  const [pidThere = '', startedAt = '', namespace] = writer.split('.');
  if (writer === processId || namespace !== pidNamespace) return false;
  const state = stateOf({ pid: Number(pidThere), start: startedAt === '' ? null : startedAt, space, host });
  // A stopped process may continue, but it is unknown when.
  return state === 'ended' || state === 'stopped';
}
