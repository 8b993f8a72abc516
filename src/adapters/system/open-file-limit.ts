import { readFileSync } from 'node:fs';

/** Node raises the limit of its own process to the hard one, which is at least this on the supported systems. */
const usualLimit = 1_024;

/** How many files and connections this process may have open. */
export function openFileLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'latin1');
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
  } catch {
    return usualLimit;
  }
}
