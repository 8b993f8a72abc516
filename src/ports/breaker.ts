import type { Awaitable } from './awaitable.ts';

/** The right to make one submission, bound to the state the breaker was in when it was given. */
export interface Pass {
  readonly epoch: number;
  /** True for the one submission that tests whether the service is back. */
  readonly probe: boolean;
  /** Names a submission on whose answer others wait, while the service is not known to be there. */
  readonly ticket?: number;
}

export type Admission =
  | { readonly admitted: true; readonly pass: Pass }
  /**
   * `retryInMs`: until it is worth asking again. `soon`: nothing is known against the service; the answers to a few
   * submissions are awaited before more are let through, so that even a task that would rather fail asks again.
   */
  | { readonly admitted: false; readonly retryInMs: number; readonly soon?: true };

/**
 * What a submission said about the service's availability: `success` any coherent answer, `failure` unavailable,
 * `busy` reachable but full, `abandoned` nothing was learnt.
 */
export type Verdict = 'success' | 'failure' | 'busy' | 'abandoned';

/** Stops submissions, first attempts included, to a service that is known to be unavailable. */
export interface Breaker {
  tryEnter(): Awaitable<Admission>;
  /** Must be called exactly once for every pass. A pass of an older epoch changes nothing. */
  record(pass: Pass, verdict: Verdict): Awaitable<void>;
}
