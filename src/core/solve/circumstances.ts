import type { Accepted, AttemptSteps } from './attempt.ts';

/** What is special about one task: nothing of it is needed where a task begins anew and nobody keeps a journal. */
export interface Circumstances {
  readonly steps: AttemptSteps;
  /** Submissions in earlier runs, the one of `accepted` included. */
  readonly earlierAttempts: number;
  /** An id of an earlier run that is still to be collected. */
  readonly accepted: Accepted | null;
  /**
   * Waits until a thread may be free, after the service said that all are taken: then such an answer costs neither an
   * attempt nor a token. Null takes it for a fault like any other.
   */
  readonly awaitThread: (() => Promise<void>) | null;
}

/** Of a task that begins anew, of which nobody keeps a journal. */
export const nothingSpecial: Circumstances = {
  steps: { intend: () => undefined, refused: () => undefined, submitted: () => undefined },
  earlierAttempts: 0,
  accepted: null,
  awaitThread: null,
};
