import type { Outcome } from './outcome.ts';
import type { Task } from './task.ts';

/** How far a task had come that has no result yet. */
export type OpenProgress =
  | { readonly state: 'new' }
  /** A submission was begun and its answer is not known: it may have been paid for. */
  | { readonly state: 'in-doubt'; readonly attempts: number }
  /** Paid for, the answer not fetched. */
  | {
      readonly state: 'submitted';
      /** Submissions so far, this one included. */
      readonly attempts: number;
      readonly captchaId: string;
      /** Epoch ms. */
      readonly submittedAt: number;
      /** An earlier submission's answer is not known: that one may have been paid for, too. */
      readonly wasInDoubt?: true;
    };

const stateRanks = { new: 0, 'in-doubt': 1, submitted: 2 } as const;

/** Of two copies of a task the progress of the one that has come further: what was paid for is never given up for a copy that knows less. */
export function furtherOf(one: OpenProgress, other: OpenProgress | null): OpenProgress {
  if (other === null) return one;
  const attemptsOf = (progress: OpenProgress): number => (progress.state === 'new' ? 0 : progress.attempts);
  const ahead = attemptsOf(other) - attemptsOf(one) || stateRanks[other.state] - stateRanks[one.state];
  return ahead > 0 ? other : one;
}

/** The progress of a task of which there may be another copy that somebody pays for. */
export function doubtful(progress: OpenProgress): OpenProgress {
  return progress.state === 'new' ? { state: 'in-doubt', attempts: 0 } : progress;
}

/** Which task of which run: two batches both have a first row. */
export interface TaskAddress {
  /** Names the run: letters, digits and `-`, at most 40 of them, and not digits only. */
  readonly run: string;
  /** Names the task within the run: 32 hex digits. */
  readonly key: string;
}

/** What whoever queued a task asks of its worker; what is left out is as the worker is configured. */
export interface TaskLimits {
  /** One limit across attempts, waits and polls, from when a worker takes the task. In ms. */
  readonly timeoutMs?: number;
  /** Submissions at most, the first included. */
  readonly maxAttempts?: number;
}

/** A task on its way to a worker, with all that is known about it: whoever gets it next goes on from there. */
export interface QueuedTask extends TaskAddress {
  readonly task: Task;
  /** The region that the routes chose, whichever queue the task is in; null without one. */
  readonly homeRegion: string | null;
  /** True where it must not leave the residency group of its region. */
  readonly strict: boolean;
  /** When it was first queued, epoch ms; it keeps this when it moves to another queue. */
  readonly enqueuedAt: number;
  readonly limits?: TaskLimits;
  readonly progress: OpenProgress;
}

const runPattern = /^(?!\d+$)[\da-z](?:[\da-z-]{0,38}[\da-z])?$/i;
const keyPattern = /^[\da-f]{32}$/;

/** `<run>-<key>`, which every engine takes for an id. Throws `RangeError` for a bad address: a bug, which must not reach a queue. */
export function queueIdOf({ run, key }: TaskAddress): string {
  if (!runPattern.test(run))
    throw new RangeError(`a run name consists of letters, digits and -, not ${JSON.stringify(run)}`);
  if (!keyPattern.test(key)) throw new RangeError(`a task's key is 32 hex digits, not ${JSON.stringify(key)}`);
  return `${run}-${key}`;
}

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
