import {
  LeaseForgottenError,
  LeaseLostError,
  QueueUnavailableError,
  TaskRefusedError,
  UsageError,
} from '../../domain/errors.ts';
import { type JoinedSignal, joinSignals } from '../../domain/joined-signal.ts';
import { type Outcome, type FatalReason, fatalReasonOf } from '../../domain/outcome.ts';
import { type OpenProgress, queueIdOf, type TaskLimits, type TaskResult } from '../../domain/queued-task.ts';
import { shellQuoted } from '../../domain/shell-word.ts';
import type { ResultQueue, TaskLease, TaskQueue } from '../../ports/queues.ts';
import type { Clock } from '../../ports/system.ts';
import { priorRunOf, planOpen, type SolvePlan } from '../batch/batch-plan.ts';
import type { TaskSlot } from '../batch/concurrency-limit.ts';
import type { Accepted, AttemptSteps } from '../solve/attempt.ts';
import type { SolveOptions } from '../solve/solve-options.ts';
import type { Solver } from '../solve/solver.ts';
import { type RetryOptions, retryWhileUnavailable } from './retry-while-unavailable.ts';
import { unsolvedResult } from './unsolved-results.ts';

/**
 * Saves the steps of a task's attempts into its lease before they are taken, so that the next worker can continue from
 * there. An error of `save` ends the work: a submission that is not recorded is not made.
 */
class LeaseProgress implements AttemptSteps {
  readonly #save: (progress: OpenProgress) => Promise<void>;
  /** True if an earlier submission than the latest may have been paid for. */
  #isDoubtful: boolean;
  #isUnanswered = false;
  #latest: OpenProgress;

  constructor(begun: OpenProgress, save: (progress: OpenProgress) => Promise<void>) {
    this.#save = save;
    this.#latest = begun;
    this.#isDoubtful = begun.state === 'in-doubt' || (begun.state === 'submitted' && begun.wasInDoubt === true);
  }

  /** The progress as last saved. */
  get progress(): OpenProgress {
    return this.#latest;
  }

  /** True while a submission is in flight. */
  get isUnanswered(): boolean {
    return this.#isUnanswered;
  }

  async intend(attempts: number): Promise<void> {
    const before = this.#latest;
    const wasUnanswered = this.#isUnanswered;
    this.#isDoubtful ||= wasUnanswered;
    this.#isUnanswered = true;
    try {
      await this.#write({ state: 'in-doubt', attempts });
    } catch (error) {
      // The submission is not made, and the queue does not know about it: the progress is what it was before.
      if (error instanceof LeaseForgottenError) [this.#latest, this.#isUnanswered] = [before, false];
      throw error;
    }
  }

  /**
   * If no earlier submission is in doubt, the task is new again and its attempts are forgotten: some were free, such as
   * those with a "no slot" answer, and this code cannot distinguish them. The next worker has all of `maxAttempts`, and
   * `attemptCount` starts from there. `maxDeliveries` limits how often this can happen.
   */
  refused(): Promise<void> {
    this.#isUnanswered = false;
    return this.#write(this.#isDoubtful ? { state: 'in-doubt', attempts: this.#attempts() } : { state: 'new' });
  }

  submitted({ captchaId, submittedAt }: Accepted): Promise<void> {
    this.#isUnanswered = false;
    const wasInDoubt = this.#isDoubtful ? ({ wasInDoubt: true } as const) : {};
    return this.#write({ state: 'submitted', attempts: this.#attempts(), captchaId, submittedAt, ...wasInDoubt });
  }

  #attempts(): number {
    return this.#latest.state === 'new' ? 0 : this.#latest.attempts;
  }

  async #write(progress: OpenProgress): Promise<void> {
    this.#latest = progress;
    await this.#save(progress);
  }
}

/** A task that was returned to its queue. */
export interface HandedBack {
  readonly id: string;
  readonly taskId: string;
  /** The id of a paid captcha that is still to be collected; null if there is none. */
  readonly captchaId: string | null;
}

/** How one delivery of a task ended. */
export type LeaseEnd =
  | { readonly end: 'finished'; readonly result: TaskResult }
  /** The task already had a result. */
  | { readonly end: 'known' }
  | ({ readonly end: 'handed-back' } & HandedBack)
  /** Another worker may have the task. */
  | { readonly end: 'lost' }
  | { readonly end: 'dead'; readonly id: string; readonly reason: string };

export interface LeaseWorkOptions {
  /** The region that the worker serves; null without regions. */
  readonly region: string | null;
  /** The worker's name, for display. */
  readonly worker: string;
  /** A task delivered more often than this is dead-lettered: it may have crashed its workers. */
  readonly maxDeliveries: number;
}

export interface LeaseWorkDeps {
  /** A solver with the task's own limits; its work is dropped when `left` aborts. */
  readonly solverUntil: (left: AbortSignal, limits: TaskLimits) => Pick<Solver, 'solve'>;
  /** The queue of the lease. */
  readonly queue: Pick<TaskQueue, 'bringBack'>;
  readonly results: ResultQueue;
  /** The place of the task among those in work. */
  readonly slot: TaskSlot;
  readonly clock: Clock;
  /** Aborts when no further submission may be made; solutions that were paid for are still collected. */
  readonly stop: AbortSignal;
  /** Aborts when all running tasks must be returned to the queue. */
  readonly handBack: AbortSignal;
  readonly onUnavailable: (message: string) => void;
  /** Called before a task is returned because every other task would fail too: no further one may be taken. */
  readonly onFatal: (fatalReason: FatalReason) => void;
  /** Shows a notice to the user. */
  readonly notify: (message: string) => void;
}

/** The result of `work`, or null if `left` aborts first. */
async function unlessLeft<T>(work: Promise<T>, left: AbortSignal): Promise<T | null> {
  if (left.aborted) return null;
  let leave: () => void = () => undefined;
  const leaving = new Promise<null>((resolve) => (leave = () => resolve(null)));
  left.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([work, leaving]);
  } finally {
    left.removeEventListener('abort', leave);
  }
}

/** The processing of one delivery. */
class LeaseWork {
  readonly #lease: TaskLease;
  readonly #options: LeaseWorkOptions;
  readonly #deps: LeaseWorkDeps;
  readonly #leaving: JoinedSignal;
  readonly #plan: SolvePlan;
  readonly #steps: LeaseProgress;
  /** Aborts when the task is back in the queue that had lost it: another worker continues there. */
  readonly #broughtBack = new AbortController();
  #bringing: Promise<boolean> | null = null;

  constructor(lease: TaskLease, options: LeaseWorkOptions, deps: LeaseWorkDeps) {
    this.#lease = lease;
    this.#options = options;
    this.#deps = deps;
    this.#leaving = joinSignals(lease.lost, deps.handBack, this.#broughtBack.signal);
    this.#plan = planOpen(lease.queued.progress);
    this.#steps = new LeaseProgress(lease.queued.progress, (progress) => this.#save(progress));
  }

  async toEnd(): Promise<LeaseEnd> {
    const { forgotten } = this.#lease;
    const onForgotten = (): void => void this.#afterLoss();
    forgotten.addEventListener('abort', onForgotten, { once: true });
    try {
      const end = await this.#work();
      if (end.end === 'lost' && forgotten.aborted) await this.#leaveForgotten();
      return end;
    } catch (error) {
      if (!(error instanceof LeaseLostError || error instanceof QueueUnavailableError)) throw error;
      if (error instanceof QueueUnavailableError && !forgotten.aborted) return await this.#handBack(null);
      if (forgotten.aborted) await this.#leaveForgotten();
      return { end: 'lost' };
    } finally {
      forgotten.removeEventListener('abort', onForgotten);
      this.#leaving.release();
    }
  }

  get #id(): string {
    return queueIdOf(this.#lease.queued);
  }

  /** The id of a paid captcha to collect; null if none is known. */
  get #captchaId(): string | null {
    const { progress } = this.#steps;
    return progress.state === 'submitted' ? progress.captchaId : null;
  }

  async #save(progress: OpenProgress): Promise<void> {
    try {
      await this.#retry(() => this.#lease.save(progress));
    } catch (error) {
      if (progress.state !== 'submitted' || !(error instanceof LeaseLostError)) throw error;
      if (error instanceof LeaseForgottenError && !(await this.#bringBack())) return;
      if (!(error instanceof LeaseForgottenError)) this.#reportPaidId('the task was given to another worker');
      throw error;
    }
  }

  /** Handles a data loss of the queue. During a submission it does nothing: saving the answer will detect the loss. */
  async #afterLoss(): Promise<void> {
    if (this.#steps.isUnanswered) return;
    try {
      const isLeft = (await this.#bringBack()) || this.#captchaId === null;
      if (isLeft) this.#broughtBack.abort();
    } catch {
      // The queue is unreachable and retrying has ended: `#leaveForgotten` reports the paid id.
    }
  }

  /**
   * The queue has lost its data: puts the task back with all progress known here. False if another process has already
   * queued the task again, without the captcha id: that id is then polled here, and the first result of the task
   * counts.
   */
  #bringBack(): Promise<boolean> {
    return (this.#bringing ??= this.#sendBack());
  }

  async #sendBack(): Promise<boolean> {
    const queued = { ...this.#lease.queued, progress: this.#steps.progress };
    const isBack = await this.#retry(() => this.#deps.queue.bringBack(queued));
    const captchaId = this.#captchaId;
    const paid = captchaId === null ? '' : ` with its captcha id ${captchaId}, which is paid for`;
    const going = `its captcha id ${captchaId ?? ''} is paid for and is still polled here`;
    if (isBack) this.#deps.notify(`the queue has lost its data: ${this.#id} is requeued${paid}`);
    else if (captchaId !== null) this.#deps.notify(`the queue has lost its data; ${this.#id} is restored: ${going}`);
    return isBack;
  }

  /** Puts a lost task back into its queue at the end of the work, or else reports its paid captcha id. */
  async #leaveForgotten(): Promise<void> {
    const isBack = await this.#bringBack().catch((error: unknown) => {
      if (error instanceof QueueUnavailableError) return false;
      throw error;
    });
    if (!isBack) this.#reportPaidId('the queue has lost its data');
  }

  #reportPaidId(why: string): void {
    const captchaId = this.#captchaId;
    if (captchaId === null) return;
    this.#deps.notify(
      `${this.#id}: ${why}; captcha id ${captchaId} is paid for; to collect it: captcha result ${shellQuoted(captchaId)}`,
    );
  }

  async #work(): Promise<LeaseEnd> {
    const { delivery, queued } = this.#lease;
    if (await this.#retry(() => this.#deps.results.isFinished(queued))) {
      await this.#retry(() => this.#lease.ack());
      return { end: 'known' };
    }
    if (delivery > this.#options.maxDeliveries) return this.#moveAside(`delivered ${delivery} times without a result`);
    const outcome = await this.#solve();
    const { lost, forgotten } = this.#lease;
    if (outcome === null) return lost.aborted || forgotten.aborted ? { end: 'lost' } : this.#handBack(null);
    // The worker that has the task by now may still solve it.
    if (forgotten.aborted && outcome.status === 'failed') return { end: 'lost' };
    const fatalReason = fatalReasonOf(outcome);
    const isOpen = outcome.status === 'failed' && outcome.reason === 'cancelled';
    if (isOpen || fatalReason !== null) return this.#handBack(fatalReason);
    return this.#finish(outcome);
  }

  /** Null if the work was dropped. */
  #solve(): Promise<Outcome | null> {
    const { stop, solverUntil } = this.#deps;
    const { queued } = this.#lease;
    const task = { ...queued.task, region: this.#options.region };
    const left = this.#leaving.signal;
    const until = joinSignals(stop, left);
    const solving = solverUntil(left, queued.limits ?? {}).solve(task, until.signal, this.#solveOptions());
    return unlessLeft(solving, left).finally(until.release);
  }

  #solveOptions(): SolveOptions {
    const { slot, clock } = this.#deps;
    const { method } = this.#lease.queued.task;
    const { earlierAttempts, accepted } = this.#plan;
    const steps = this.#steps;
    if (accepted !== null) slot.recordAccepted(method, clock.timestamp() - accepted.submittedAt);
    const submitted = (newlyAccepted: Accepted): Promise<void> => {
      slot.recordAccepted(method);
      return steps.submitted(newlyAccepted);
    };
    return {
      steps: {
        intend: (attempt) => steps.intend(attempt),
        refused: () => steps.refused(),
        submitted,
        solvedAtOnce: () => slot.recordAccepted(method),
        notReady: () => slot.recordNotReady(),
      },
      earlierAttempts,
      accepted,
      threads: slot,
    };
  }

  /** The result is stored first: a task acknowledged before that would be lost if this worker dies. */
  async #finish(outcome: Outcome): Promise<LeaseEnd> {
    const { run, key, homeRegion } = this.#lease.queued;
    const { region, worker } = this.#options;
    const result: TaskResult = {
      ...{ run, key, region, homeRegion, outcome, worker },
      ...priorRunOf(this.#plan, outcome),
      finishedAt: this.#deps.clock.timestamp(),
    };
    try {
      return await this.#report(result);
    } catch (error) {
      if (!(error instanceof TaskRefusedError)) throw error;
      return this.#moveAside(`its result is refused: ${error.message}`);
    }
  }

  async #report(result: TaskResult): Promise<LeaseEnd> {
    const pushed = await this.#retry(() => this.#deps.results.push(result));
    await this.#retry(() => this.#lease.ack());
    return pushed === 'first' ? { end: 'finished', result } : { end: 'known' };
  }

  async #moveAside(reason: string): Promise<LeaseEnd> {
    try {
      const isSetAside = await this.#retry(() => this.#lease.deadLetter(reason));
      return isSetAside ? { end: 'dead', id: this.#id, reason } : { end: 'lost' };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      // Without a place for dead letters the task ends here: it would stop one worker after the other.
      const { region, worker } = this.#options;
      const why = { reason: 'attempts-exhausted', message: `${reason}; ${error.message}` } as const;
      const queued = { ...this.#lease.queued, progress: this.#steps.progress };
      const given = unsolvedResult(queued, { ...why, region, now: this.#deps.clock.timestamp() });
      return this.#report({ ...given, worker });
    }
  }

  async #handBack(fatalReason: FatalReason | null): Promise<LeaseEnd> {
    const { queued } = this.#lease;
    // If the queue is unreachable, the lease expires by itself.
    if (fatalReason !== null) this.#deps.onFatal(fatalReason);
    // A worker that stops returns its tasks for no fault of theirs, and a platform may start it repeatedly.
    const isStopping = fatalReason !== null || this.#deps.stop.aborted;
    const releasing = isStopping ? this.#lease.releaseUncounted() : this.#lease.release();
    const isBack = await releasing.catch((error: unknown) => {
      if (error instanceof QueueUnavailableError) return true;
      throw error;
    });
    if (!isBack) return { end: 'lost' };
    const { progress } = this.#steps;
    const captchaId = progress.state === 'submitted' ? progress.captchaId : null;
    return { end: 'handed-back', id: queueIdOf(queued), taskId: queued.task.taskId, captchaId };
  }

  #retry<T>(work: () => Promise<T>): Promise<T> {
    const { clock, onUnavailable, handBack } = this.#deps;
    const retryOptions: RetryOptions = { clock, onUnavailable, signal: handBack };
    return retryWhileUnavailable(work, retryOptions);
  }
}

/**
 * Processes one delivery of a task: polls a known id, otherwise submits. Every step is saved in the lease before it is
 * taken, and the result is stored before the task leaves its queue. Rejects only on bugs.
 */
export function workOnLease(lease: TaskLease, options: LeaseWorkOptions, deps: LeaseWorkDeps): Promise<LeaseEnd> {
  return new LeaseWork(lease, options, deps).toEnd();
}
