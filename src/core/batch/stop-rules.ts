import type { Awaitable, Clock } from '../../ports/system.ts';

/**
 * Counts submissions up to a number. One whose answer is still out may turn out free of charge: who asks for one more
 * meanwhile waits for the answer, so that a lack of threads neither uses the number up nor lets it be exceeded.
 */
class SubmissionBound {
  readonly #most: number;
  /** Tasks whose latest submission is not answered yet. */
  readonly #unanswered = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #count = 0;

  /** Null for no bound. */
  constructor(most: number | null) {
    this.#most = most ?? Infinity;
  }

  /** Submissions that count, so far. */
  get count(): number {
    return this.#count;
  }

  /** Whether none is left, however those that are under way are answered. */
  get isUsedUp(): boolean {
    return this.#count >= this.#most && this.#unanswered.size === 0;
  }

  /** Counts a submission of the task; false where none is left. An earlier one of the task is over, whatever came of it. */
  tryBegin(key: string): Awaitable<boolean> {
    this.end(key);
    return this.#mustWait() ? this.#beginLater(key) : this.#begin(key);
  }

  #mustWait(): boolean {
    return this.#count >= this.#most && this.#unanswered.size > 0;
  }

  async #beginLater(key: string): Promise<boolean> {
    while (this.#mustWait()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#begin(key);
  }

  #begin(key: string): boolean {
    if (this.#count >= this.#most) return false;
    this.#count += 1;
    this.#unanswered.add(key);
    return true;
  }

  /** The task's submission is answered, or never will be. Does nothing where none is under way. */
  end(key: string, { isFree }: { isFree: boolean } = { isFree: false }): void {
    if (!this.#unanswered.delete(key)) return;
    if (isFree) this.#count -= 1;
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

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
