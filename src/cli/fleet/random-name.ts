import type { Random } from '../../ports/random.ts';

/** So many random hex digits. */
export function randomHex(digits: number, random: Random): string {
  return Array.from({ length: digits }, () => Math.floor(random.next() * 16).toString(16)).join('');
}
