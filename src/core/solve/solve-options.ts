import type { RetryLimits } from '../resilience/retry-decision.ts';
import type { Accepted, AttemptSteps } from './attempt.ts';

/** Where one task waits for a free thread of the account. An answer that all are busy costs neither an attempt nor a token. */
export interface ThreadGate {
  /** Waits before a submission until a thread may be free; false if that takes longer than `maxMs`. */
  enter(maxMs: number, stop: AbortSignal): Promise<boolean>;
  /** Records that the submission was refused because all threads are busy. */
  recordFull(): void;
}

/** What is special about one task: nothing of it is needed where a task begins anew and nobody keeps a journal. */
export interface SolveOptions {
  readonly steps: AttemptSteps;
  /**
   * Submissions in earlier runs, the one of `accepted` included. The first of this run takes no token all the same: nothing
   * has failed, whoever was killed is run again, and a whole run in doubt would wait minutes for tokens that only accepted
   * submissions could pay for. An outage meets no more of them than of first attempts: the breaker holds back both.
   */
  readonly earlierAttempts: number;
  /** An id of an earlier run that is still to be collected. */
  readonly accepted: Accepted | null;
  /** Where the task waits for a free thread of the account; null waits by itself, as `SolverOptions.onExhausted` says. */
  readonly threads: ThreadGate | null;
}

/** Of a task that begins anew, of which nobody keeps a journal. */
export const defaultSolveOptions: SolveOptions = {
  steps: { intend: () => undefined, refused: () => undefined, submitted: () => undefined },
  earlierAttempts: 0,
  accepted: null,
  threads: null,
};

/**
 * The limits of one task's attempts in this run. Those of earlier runs count, and what was in doubt then gets at least one
 * more. The trials that it made for all do not, since nothing of them was accepted; but one attempt is one.
 */
export function limitsIn(
  { earlierAttempts, accepted }: SolveOptions,
  limits: RetryLimits,
  trialCount: number,
): RetryLimits {
  const spent = earlierAttempts - (accepted === null ? 0 : 1);
  const free = limits.maxAttempts === 1 ? 0 : trialCount;
  return { ...limits, maxAttempts: Math.max(1, limits.maxAttempts - spent) + free };
}
