import type { Awaitable, Clock } from '../../ports/system.ts';

/**
 * Limits the number of submissions. An unanswered submission may turn out to be free of charge ("no slot"), so a
 * request for the last one waits for that answer: "no slot" answers neither use up the limit nor allow more than it.
 */
class SubmissionBound {
  readonly #most: number;
  /** Tasks whose latest submission has no answer yet. */
  readonly #unanswered = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #count = 0;

  /** Null for no limit. */
  constructor(most: number | null) {
    this.#most = most ?? Infinity;
  }

  /** Submissions counted so far. */
  get count(): number {
    return this.#count;
  }

  /** True if no submission is left, whatever the answers in flight will be. */
  get isUsedUp(): boolean {
    return this.#count >= this.#most && this.#unanswered.size === 0;
  }

  /** Counts a submission of the task; false if none is left. The task's previous submission counts as ended. */
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

  /** Ends the task's submission: it was answered, or its answer will never come. No effect if none is in flight. */
  end(key: string, { isFree }: { isFree: boolean } = { isFree: false }): void {
    if (!this.#unanswered.delete(key)) return;
    if (isFree) this.#count -= 1;
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** Why a batch stopped early. */
export type StopReason =
  | 'interrupted'
  | 'account'
  | 'config'
  | 'local'
  | 'max-failures'
  | 'max-submissions'
  | 'max-duration'
  | 'limit'
  /** The input is invalid in a part that was not checked before the start. */
  | 'input'
  /** Reading the input failed with a system error. */
  | 'input-io'
  | 'failure';

/** After these, no more tasks are started, but running tasks continue. */
const mild: ReadonlySet<StopReason | null> = new Set([null, 'limit', 'input', 'input-io']);

/** Limits of a run; null for none. */
export interface Bounds {
  /** Number of failed tasks that ends the run. */
  readonly maxFailures: number | null;
  /** Number of submissions, retries included, without those that got a "no slot" answer. */
  readonly maxSubmissions: number | null;
  readonly maxDurationMs: number | null;
  /** Number of tasks. */
  readonly limit: number | null;
}

/** Decides whether a batch may continue, and keeps the first reason to stop. */
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

  /** Aborts when no further submission may be made; solutions that were paid for are still collected. */
  get stop(): AbortSignal {
    return this.#abort.signal;
  }

  get reason(): StopReason | null {
    return this.#reason;
  }

  /** Details of the reason for the user; null if there are none. */
  get message(): string | null {
    return this.#message;
  }

  /** Submissions so far, without those that got a "no slot" answer. */
  get submissionCount(): number {
    return this.#submissions.count;
  }

  stopFor(reason: StopReason, message: string | null = null): void {
    // A mild reason leaves tasks running: a later reason that stops them replaces it.
    if (!mild.has(this.#reason)) return;
    this.#reason = reason;
    this.#message = message;
    this.#abort.abort();
  }

  /** The input cannot be read further: running tasks finish, no more are started. */
  endInput(reason: 'input' | 'input-io', message: string): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#message = message;
  }

  /** True if this run has started a task. */
  get hasStarted(): boolean {
    return this.#started > 0;
  }

  /** Ends the run: waiting callers are released. */
  end(): void {
    this.#abort.abort();
  }

  /** True if one more task may be started. */
  mayStart(): boolean {
    // Running tasks finish: reaching the limit does not stop them.
    if (this.#started === this.#bounds.limit) this.#reason ??= 'limit';
    else if (this.#clock.nowMs() >= this.#endsAtMs) this.stopFor('max-duration');
    return this.#reason === null;
  }

  recordStart(): void {
    this.#started += 1;
  }

  /** True if a task could still be started, for a run without running tasks whose input may stall. */
  mayGoOn(): boolean {
    if (this.#submissions.isUsedUp) this.stopFor('max-submissions');
    return this.mayStart();
  }

  /**
   * True if the task may submit; a true answer counts as a submission. May wait for the answers to other submissions.
   */
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

  /** The task's submission was accepted, or its answer is no longer awaited: it counts. */
  recordAnswered(key: string): void {
    this.#submissions.end(key);
  }

  /** The task's submission got a "no slot" answer or never left this machine: it does not count. */
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
