import type { Awaitable } from './awaitable.ts';

/** What the service asked of everybody with `Retry-After`: to be left alone for a while. */
export interface QuietTime {
  /** Records that the service, just now, asked to be left alone for so long. */
  ask(ms: number): Awaitable<void>;
  /** For how much longer it is to be left alone, in ms; 0 where it may be asked. */
  leftMs(): Awaitable<number>;
}
