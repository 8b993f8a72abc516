import type { Awaitable } from '../../ports/awaitable.ts';
import type { Clock } from '../../ports/clock.ts';
import { SubmissionBound } from './submission-bound.ts';

/** Why a batch stopped before its end. */
export type StopReason =
  | 'interrupted'
  | 'account'
  | 'config'
  | 'max-failures'
  | 'max-submissions'
  | 'max-duration'
  | 'limit'
  /** The input breaks a rule where it was not read before. */
  | 'input'
  /** The system failed to read it. */
  | 'input-io'
  | 'failure';

/** Reasons that begin no more tasks and stop none that is in work. */
const mild: ReadonlySet<StopReason | null> = new Set([null, 'limit', 'input', 'input-io']);

/** What bounds a run; null for no bound. */
export interface Bounds {
  /** So many failed tasks end the run. */
  readonly maxFailures: number | null;
  /** So many submissions, retries included, but not those that found every thread taken. */
  readonly maxSubmissions: number | null;
  readonly maxDurationMs: number | null;
  /** So many tasks. */
  readonly limit: number | null;
}

/** Says whether a batch may go on, and keeps the first reason why not. */
export class StopRules {
  readonly #bounds: Bounds;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  readonly #endsAtMs: number;
  readonly #submissions: SubmissionBound;
  #reason: StopReason | null = null;
  #message: string | null = null;
  #started = 0;
  #failed = 0;

  constructor(bounds: Bounds, interrupt: AbortSignal, { clock }: { clock: Clock }) {
    this.#bounds = bounds;
    this.#clock = clock;
    this.#submissions = new SubmissionBound(bounds.maxSubmissions);
    this.#endsAtMs = bounds.maxDurationMs === null ? Infinity : clock.nowMs() + bounds.maxDurationMs;
    if (interrupt.aborted) this.stopFor('interrupted');
    else interrupt.addEventListener('abort', () => this.stopFor('interrupted'), { once: true });
    if (bounds.maxDurationMs !== null) void this.#stopInTime(bounds.maxDurationMs);
  }

  /** Aborts when no further submission is to be made; what was paid for is still collected. */
  get stop(): AbortSignal {
    return this.#abort.signal;
  }

  get reason(): StopReason | null {
    return this.#reason;
  }

  /** What a person should know about the reason; null where it says it all. */
  get message(): string | null {
    return this.#message;
  }

  /** Submissions so far, but for those that found every thread taken. */
  get submissionCount(): number {
    return this.#submissions.count;
  }

  stopFor(reason: StopReason, message: string | null = null): void {
    // Where only no more are begun, tasks are still in work: whatever ends them is what ended the run.
    if (!mild.has(this.#reason)) return;
    this.#reason = reason;
    this.#message = message;
    this.#abort.abort();
  }

  /** The input cannot be read any further: tasks that were begun are finished, and no more are. */
  endInput(reason: 'input' | 'input-io', message: string): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#message = message;
  }

  /** Whether any task was begun in this run. */
  get hasStarted(): boolean {
    return this.#started > 0;
  }

  /** The run is over: nothing waits for the rules any more. */
  end(): void {
    this.#abort.abort();
  }

  /** Whether one more task may be begun. */
  mayStart(): boolean {
    // Tasks that were begun are finished: reaching the limit is no reason to stop them.
    if (this.#started === this.#bounds.limit) this.#reason ??= 'limit';
    else if (this.#clock.nowMs() >= this.#endsAtMs) this.stopFor('max-duration');
    return this.#reason === null;
  }

  recordStart(): void {
    this.#started += 1;
  }

  /** Whether any task may still be begun, where none is in work and nobody knows whether there are more. */
  mayGoOn(): boolean {
    if (this.#submissions.isUsedUp) this.stopFor('max-submissions');
    return this.mayStart();
  }

  /** Whether the task may submit once more; a yes counts it. May have to wait for the answers to others. */
  maySubmit(key: string): Awaitable<boolean> {
    const counting = this.#submissions.tryBegin(key);
    return counting instanceof Promise
      ? counting.then((isCounted) => this.#admit(key, isCounted))
      : this.#admit(key, counting);
  }

  #admit(key: string, isCounted: boolean): boolean {
    if (!isCounted) this.stopFor('max-submissions');
    else if (this.stop.aborted) this.recordUnpaid(key);
    return !this.stop.aborted;
  }

  /** The task's submission was accepted, or is given up waiting for: it counts. */
  recordAnswered(key: string): void {
    this.#submissions.end(key);
  }

  /** The task's submission found every thread taken, or was not made after all: it does not count. */
  recordUnpaid(key: string): void {
    this.#submissions.end(key, { isFree: true });
  }

  recordFinished(failed: boolean): void {
    if (failed) this.#failed += 1;
    const { maxFailures } = this.#bounds;
    if (maxFailures !== null && this.#failed >= maxFailures) this.stopFor('max-failures');
  }

  async #stopInTime(ms: number): Promise<void> {
    await this.#clock.sleep(ms, this.stop);
    if (!this.stop.aborted) this.stopFor('max-duration');
  }
}
