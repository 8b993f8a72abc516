import type { RetryLimits } from '../resilience/retry-decision.ts';
import type { Accepted, AttemptSteps } from './attempt.ts';

/** Where one task waits for a free thread of the account. An answer that all are busy costs neither an attempt nor a token. */
export interface ThreadGate {
  /** Waits before a submission until a thread may be free; false if that takes longer than `maxMs`. */
  enter(maxMs: number, stop: AbortSignal): Promise<boolean>;
  /** Records that the submission was refused because all threads are busy. */
  recordFull(): void;
}

/** Options of one task. A new task without a journal needs none of them. */
export interface SolveOptions {
  readonly steps: AttemptSteps;
  /**
   * Submissions in earlier runs, including the one of `accepted`. The first submission of this run takes no token: nothing
   * has failed, and a resumed run would otherwise wait minutes for tokens that only accepted submissions fund. In an outage
   * the breaker holds these submissions back like first attempts.
   */
  readonly earlierAttempts: number;
  /** The id of an earlier run that must still be collected. */
  readonly accepted: Accepted | null;
  /** Where the task waits for a free thread of the account; null waits by itself, as `SolverOptions.onExhausted` says. */
  readonly threads: ThreadGate | null;
}

/** The options of a new task without a journal. */
export const defaultSolveOptions: SolveOptions = {
  steps: { intend: () => undefined, refused: () => undefined, submitted: () => undefined },
  earlierAttempts: 0,
  accepted: null,
  threads: null,
};

/** Attempts of earlier runs, without the one whose id is polled on. */
export function spentAttempts({ earlierAttempts, accepted }: SolveOptions): number {
  return earlierAttempts - (accepted === null ? 0 : 1);
}

/**
 * The limits of one task's attempts in this run. Attempts of earlier runs count, and a task in doubt gets at least one more.
 * Probes do not count because nothing was accepted, unless `maxAttempts` is 1.
 */
export function limitsIn(options: SolveOptions, limits: RetryLimits, trialCount: number): RetryLimits {
  const spent = spentAttempts(options);
  const free = limits.maxAttempts === 1 ? 0 : trialCount;
  return { ...limits, maxAttempts: Math.max(1, limits.maxAttempts - spent) + free };
}
