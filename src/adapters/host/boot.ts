import { readFileSync, readlinkSync } from 'node:fs';
import { uptime } from 'node:os';

function read(path: string, how: (path: string) => string): string | null {
  try {
    return how(path);
  } catch {
    return null;
  }
}

const text = (path: string): string => readFileSync(path, 'utf8').trim();
const digits = (link: string | null): string => link?.replace(/\D/g, '') ?? '';

/** Names a namespace of this process, such as `pid` or `time`; empty where the system has none. */
export function namespaceOf(kind: 'pid' | 'time'): string {
  return digits(read(`/proc/self/ns/${kind}`, readlinkSync));
}

/**
 * Names for the time since the last boot in which `hostNowMs` is one clock, the best first. Linux says which boot it is,
 * and a time namespace has a clock of its own. Elsewhere it is the minute of the boot, which two processes may round to
 * neighbouring ones.
 */
export function bootNames(): readonly string[] {
  const bootId = read('/proc/sys/kernel/random/boot_id', text);
  if (bootId !== null) return [`${bootId.replaceAll('-', '').slice(0, 12)}-${namespaceOf('time')}`];
  const minute = Math.round((Date.now() - uptime() * 1_000) / 60_000);
  return [minute, minute - 1, minute + 1].map((name) => `m${name}`);
}
