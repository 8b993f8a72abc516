import type { Outcome } from './outcome.ts';
import type { TaskAddress } from './queued-task.ts';

/** How a queued task ended, as its worker reports it. It holds the solution. */
export interface TaskResult extends TaskAddress {
  /** The region whose worker did it; null without regions. */
  readonly region: string | null;
  /** The region that the routes chose: another one under failover. */
  readonly homeRegion: string | null;
  readonly outcome: Outcome;
  /** Submissions, those of earlier deliveries included. */
  readonly attemptCount: number;
  /** True where any submission of any delivery may have been paid for in vain. */
  readonly possiblyCharged: boolean;
  /** Names the worker, for people. */
  readonly worker: string;
  /** Epoch ms. */
  readonly finishedAt: number;
}
