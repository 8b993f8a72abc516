import type { Random } from '../../ports/system.ts';

export type BackoffStrategy = 'none' | 'fixed' | 'linear' | 'exponential' | 'full-jitter' | 'decorrelated-jitter';

/**
 * The strategies above, and two published ones that only simulations use. The configuration does not accept those two.
 */
export type ComparedStrategy = BackoffStrategy | 'equal-jitter' | 'aws-decorrelated';

export interface BackoffOptions {
  readonly strategy: ComparedStrategy;
  /** In ms. */
  readonly baseDelayMs: number;
  /** Upper bound of every wait, in ms. */
  readonly maxDelayMs: number;
}

type Uniform = (fromMs: number, toMs: number) => number;

interface Step {
  readonly baseMs: number;
  readonly maxMs: number;
  /** Counts from 1. */
  readonly retry: number;
  /** The previous wait in ms, at least the base delay. */
  readonly previousMs: number;
}

/** The largest power of two that a double holds; beyond it a base of 0 would give NaN. */
const maxDoublings = 1_023;

function doubledMs({ baseMs, maxMs, retry }: Step): number {
  return Math.min(maxMs, baseMs * 2 ** Math.min(retry, maxDoublings));
}

/**
 * Each formula caps the range of the draw, never the draw itself: clamping draws to the cap would synchronise the
 * clients again. `aws-decorrelated` clamps the draw because its published form does.
 */
const formulas: Record<ComparedStrategy, (step: Step, uniform: Uniform) => number> = {
  none: () => 0,
  fixed: ({ baseMs, maxMs }) => Math.min(maxMs, baseMs),
  linear: ({ baseMs, maxMs, retry }) => Math.min(maxMs, baseMs * retry),
  exponential: (step) => doubledMs(step),
  'full-jitter': (step, uniform) => uniform(0, doubledMs(step)),
  'decorrelated-jitter': ({ baseMs, maxMs, previousMs }, uniform) =>
    uniform(Math.min(baseMs, maxMs), Math.min(maxMs, previousMs * 3)),
  'equal-jitter': (step, uniform) => uniform(doubledMs(step) / 2, doubledMs(step)),
  'aws-decorrelated': ({ baseMs, maxMs, previousMs }, uniform) => Math.min(maxMs, uniform(baseMs, previousMs * 3)),
};

/**
 * Returns the function that computes the waits of one task's retries, in ms. Call it with 1 before the first retry,
 * with 2 before the second, and so on.
 *
 * Full jitter is uniform in [0, min(maxDelay, baseDelay·2ⁿ)); decorrelated jitter uniform in [baseDelay, min(maxDelay,
 * previous·3)). Brooker, *Exponential Backoff and Jitter*, AWS 2015; the range is capped, not the draw.
 */
export function startBackoff(options: BackoffOptions, random: Random): (retry: number) => number {
  const uniform: Uniform = (fromMs, toMs) => fromMs + random.next() * Math.max(0, toMs - fromMs);
  let previousMs = options.baseDelayMs;
  return (retry) => {
    const step = { baseMs: options.baseDelayMs, maxMs: options.maxDelayMs, retry, previousMs };
    const waitMs = formulas[options.strategy](step, uniform);
    previousMs = Math.max(waitMs, options.baseDelayMs);
    return waitMs;
  };
}
