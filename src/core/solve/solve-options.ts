import type { RetryLimits } from '../resilience/retry-decision.ts';
import type { Accepted, AttemptSteps } from './attempt.ts';

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
  /**
   * Waits until a thread may be free, at most `maxMs`, after the service said that all are taken: then such an answer
   * costs neither an attempt nor a token. Null takes it for a fault like any other.
   */
  readonly awaitThread: ((maxMs: number) => Promise<void>) | null;
}

/** Of a task that begins anew, of which nobody keeps a journal. */
export const defaultSolveOptions: SolveOptions = {
  steps: { intend: () => undefined, refused: () => undefined, submitted: () => undefined },
  earlierAttempts: 0,
  accepted: null,
  awaitThread: null,
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
