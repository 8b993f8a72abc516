import type { Clock } from './clock.ts';

/** A clock whose time passes only when it is told to, and then without waiting. */
export interface VirtualTime extends Clock {
  /** Lets time pass until nobody sleeps. */
  run(): Promise<void>;
  /** Lets `ms` pass, waking whoever is due. */
  advance(ms: number): Promise<void>;
}
