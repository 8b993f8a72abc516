import type { Outcome } from './outcome.ts';
import type { Task } from './task.ts';

/** The progress of a task without a result. */
export type OpenProgress =
  | { readonly state: 'new' }
  /** A submission was started and its answer is unknown: it may have been paid for. */
  | { readonly state: 'in-doubt'; readonly attempts: number }
  /** Accepted and paid for; the solution is not collected yet. */
  | {
      readonly state: 'submitted';
      /** Submissions so far, this one included. */
      readonly attempts: number;
      readonly captchaId: string;
      /** Epoch ms. */
      readonly submittedAt: number;
      /** The answer to an earlier submission is unknown: it may have been paid for too. */
      readonly wasInDoubt?: true;
    };

const stateRanks = { new: 0, 'in-doubt': 1, submitted: 2 } as const;

/** The more advanced progress of two copies of a task: a paid id is never given up for a copy that does not know it. */
export function furtherOf(one: OpenProgress, other: OpenProgress | null): OpenProgress {
  if (other === null) return one;
  const attemptsOf = (progress: OpenProgress): number => (progress.state === 'new' ? 0 : progress.attempts);
  const ahead = attemptsOf(other) - attemptsOf(one) || stateRanks[other.state] - stateRanks[one.state];
  return ahead > 0 ? other : one;
}

/** The progress of a task of which another copy may be paid for. */
export function doubtful(progress: OpenProgress): OpenProgress {
  return progress.state === 'new' ? { state: 'in-doubt', attempts: 0 } : progress;
}

/** Identifies a task of a run: keys are unique only within a run. */
export interface TaskAddress {
  /** The run: letters, digits and `-`, up to 40 of them, not digits only. */
  readonly run: string;
  /** The task within the run: 32 hex digits. */
  readonly key: string;
}

/** The sender's limits for a task; absent ones are taken from the worker's configuration. */
export interface TaskLimits {
  /** Total limit for attempts, waits and polls, from when a worker takes the task, in ms. */
  readonly timeoutMs?: number;
  /** Limit of submissions, the first included. */
  readonly maxAttempts?: number;
}

/** A task in a queue with its progress, so that the next worker can continue from there. */
export interface QueuedTask extends TaskAddress {
  readonly task: Task;
  /** The region chosen by the routes, whatever queue the task is in; null without one. */
  readonly homeRegion: string | null;
  /** True if it must not leave the residency group of its region. */
  readonly strict: boolean;
  /** When it was first queued, in epoch ms; unchanged when it moves to another queue. */
  readonly enqueuedAt: number;
  readonly limits?: TaskLimits;
  readonly progress: OpenProgress;
}

const runPattern = /^(?!\d+$)[\da-z](?:[\da-z-]{0,38}[\da-z])?$/i;
const keyPattern = /^[\da-f]{32}$/;

/** True if the run and the key can name a task in every engine. */
export function isTaskAddress({ run, key }: TaskAddress): boolean {
  return runPattern.test(run) && keyPattern.test(key);
}

/**
 * `<run>-<key>`, a valid id for every engine. Throws `RangeError` for an invalid address: a bug, which must not reach a
 * queue.
 */
export function queueIdOf({ run, key }: TaskAddress): string {
  if (!runPattern.test(run))
    throw new RangeError(`a run name consists of letters, digits and -, not ${JSON.stringify(run)}`);
  if (!keyPattern.test(key)) throw new RangeError(`a task's key is 32 hex digits, not ${JSON.stringify(key)}`);
  return `${run}-${key}`;
}

/** The result of a queued task as its worker reports it, solution included. */
export interface TaskResult extends TaskAddress {
  /** The region of the worker; null without regions. */
  readonly region: string | null;
  /** The region chosen by the routes; differs from `region` after a failover. */
  readonly homeRegion: string | null;
  readonly outcome: Outcome;
  /** Submissions, earlier deliveries included. */
  readonly attemptCount: number;
  /** True if any submission of any delivery may have been paid for without a result. */
  readonly possiblyCharged: boolean;
  /** The worker's name, for display. */
  readonly worker: string;
  /** Epoch ms. */
  readonly finishedAt: number;
}
