import type { Breaker, Permit, RetryAfterGate } from '../../ports/state.ts';
import type { CountResult, SubmissionGate, SubmissionRefusal } from '../../ports/submissions.ts';
import type { Awaitable, Clock, Random } from '../../ports/system.ts';
import type { SolverEvent } from '../../domain/events.ts';
import { withJitter } from '../resilience/retry-decision.ts';
import { refusalReason, refusalText } from '../resilience/submission-refusal.ts';
import { unlimited } from '../resilience/submission-rules.ts';
import type { FailureCause } from './attempt-history.ts';
import type { Deadline } from './deadline.ts';

/** The minimum time between two checks of the breaker by all waiters together. */
const minGapMs = 10;
/** The maximum time between two checks by one waiter, unless the breaker asks for more. */
const maxGapMs = 1_000;

/**
 * The back-off of the tasks of one process that wait for the breaker. The breaker tells each task when to ask again. With
 * many waiters the waits grow, each by a random share, so that all of them together do not ask too often.
 */
export class WaiterBackoff {
  #size = 0;

  /** Counts the waiter during its wait. `sleep` gets the wait in ms; `jitter` is 0..1. */
  async wait(told: { readonly retryInMs: number; readonly jitter: number }, sleep: (ms: number) => Promise<void>) {
    this.#size += 1;
    await sleep(this.#shareMs(told));
    this.#size -= 1;
  }

  #shareMs({ retryInMs, jitter }: { readonly retryInMs: number; readonly jitter: number }): number {
    const maxMs = Math.max(retryInMs, Math.min(minGapMs * this.#size, maxGapMs));
    return retryInMs + jitter * (maxMs - retryInMs);
  }
}

export interface AdmissionGateDeps {
  readonly deps: {
    readonly breaker: Breaker;
    readonly retryAfterGate: RetryAfterGate;
    readonly waiters: WaiterBackoff;
    /** Left out where nothing can be held and limited. */
    readonly submissions?: SubmissionGate;
    readonly clock: Clock;
    readonly random: Random;
  };
  /** For the audit. */
  readonly taskId: string;
  readonly time: Deadline;
  readonly stop: AbortSignal;
  /** True if the task is given up instead of waiting for the breaker. */
  readonly failsFast: boolean;
  /** Called before a wait that the service asked for, in ms. */
  readonly onCooldown: (waitMs: number) => void;
  readonly onRefused: (refusal: { readonly retryInMs: number; readonly isWaiting: boolean }) => void;
  readonly onStopped: (stopped: StoppedSubmission) => void;
}

/** A submission that a hold or a limit does not allow now. */
export type StoppedSubmission = Omit<
  SolverEvent & { readonly type: 'submission-refused' },
  'type' | 'taskId' | 'attempt'
>;

/** A permit to submit. */
export interface Admitted {
  readonly permit: Permit;
  /** When the submission was counted; null if nothing is limited. */
  readonly countedAtMs: number | null;
}

/** How often a task looks whether a hold or a limit has ended, in ms: this and up to as much again. */
const recheckMs = 300;

/** Admits the submissions of one task: waits for the `Retry-After` of the service, a hold, the breaker and the limits. */
export class AdmissionGate {
  readonly #parts: AdmissionGateDeps;
  #stoppedBefore = '';

  constructor(parts: AdmissionGateDeps) {
    this.#parts = parts;
  }

  /** Why the task must not be submitted any more; null if it may be. */
  whyEnded(): FailureCause | null {
    const { stop, time } = this.#parts;
    if (stop.aborted) return { reason: 'cancelled', retryInMs: null };
    return time.leftMs() <= 0 ? { reason: 'deadline-exceeded', retryInMs: null } : null;
  }

  /** Gets a permit from the breaker and counts the submission. Waits for both if the options and the deadline allow that. */
  async enter(): Promise<Admitted | FailureCause> {
    const { deps, onRefused } = this.#parts;
    for (;;) {
      const cooldownMs = await deps.retryAfterGate.leftMs();
      const ended = (cooldownMs > 0 ? await this.#waitForCooldown(cooldownMs) : null) ?? this.whyEnded();
      if (ended !== null) return ended;
      // Mostly known at once: every submission comes through here.
      const found = deps.submissions?.check() ?? null;
      const stopped = found === null ? null : await found;
      if (stopped !== null) {
        const over = await this.#waitForRoom(stopped);
        if (over !== null) return over;
        continue;
      }
      const admission = await deps.breaker.tryAcquire();
      if (admission.admitted) {
        const used = this.#use(admission.permit);
        const admitted = 'then' in used ? await used : used;
        if (admitted !== null) return admitted;
        continue;
      }
      const { retryInMs, soon = false } = admission;
      const isWaiting = soon || this.#mayWait(retryInMs);
      if (!soon) onRefused({ retryInMs, isWaiting });
      if (!isWaiting) return { reason: 'breaker-open', retryInMs };
      await this.#releaseAndWait(retryInMs);
    }
  }

  #mayWait(ms: number): boolean {
    return !this.#parts.failsFast && ms < this.#parts.time.remainingMs();
  }

  /** Waits until the task asks the breaker again. */
  async #releaseAndWait(retryInMs: number): Promise<void> {
    const { time, stop, deps } = this.#parts;
    const { clock, waiters, random } = deps;
    await time.waitForOthers((maxMs) =>
      waiters.wait({ retryInMs, jitter: random.next() }, (ms) => clock.sleep(Math.min(ms, maxMs), stop)),
    );
  }

  /** Waits for a `Retry-After` that this or another task received. */
  async #waitForCooldown(cooldownMs: number): Promise<FailureCause | null> {
    const { time, stop, deps, onCooldown } = this.#parts;
    const waitMs = withJitter(cooldownMs, deps.random.next());
    // This applies to tasks that fail fast, too: the service asked all clients to wait.
    if (waitMs >= time.remainingMs()) {
      const evidence = `the service asks all clients to wait ${Math.ceil(cooldownMs / 1_000)} s more (Retry-After)`;
      return { reason: 'deadline-exceeded', retryInMs: waitMs, evidence };
    }
    onCooldown(waitMs);
    await time.waitForOthers(() => deps.clock.sleep(waitMs, stop));
    return null;
  }

  /** Counts the submission. Null after a wait for a hold or a limit that was found only now: the task asks again. */
  #use(permit: Permit): Admitted | Promise<Admitted | FailureCause | null> {
    const { deps, taskId } = this.#parts;
    // A shared breaker takes time to answer, so the task may have ended in that time.
    const ended = this.whyEnded();
    if (ended !== null) return Promise.resolve(deps.breaker.record(permit, 'abandoned')).then(() => ended);
    const result = deps.submissions?.count(taskId) ?? unlimited;
    if ('counted' in result && result.counted) return { permit, countedAtMs: result.atMs };
    return this.#useWhenCounted(permit, result);
  }

  async #useWhenCounted(permit: Permit, counting: Awaitable<CountResult>): Promise<Admitted | FailureCause | null> {
    const result = await counting;
    if (result.counted) return { permit, countedAtMs: result.atMs };
    await this.#parts.deps.breaker.record(permit, 'abandoned');
    return this.#waitForRoom(result.refusal);
  }

  /** Waits a moment for the end of a hold or for room under a limit. Returns why the task is given up instead. */
  async #waitForRoom(refusal: SubmissionRefusal): Promise<FailureCause | null> {
    const { time, stop, deps, failsFast, onStopped } = this.#parts;
    const [reason, why] = [refusalReason(refusal), refusalText(refusal)];
    // When the fleet answers again is not known.
    const retryInMs = refusal.reason === 'uncounted' ? null : refusal.retryInMs;
    const leftMs = time.remainingMs();
    // A hold may be released at any time. A limit has room when its time has come, and not before.
    const isTooLong = refusal.reason === 'limit-reached' && refusal.retryInMs >= leftMs;
    const isWaiting = !failsFast && leftMs > 0 && !isTooLong;
    const isRepeated = this.#stoppedBefore === reason;
    this.#stoppedBefore = reason;
    onStopped({ reason, why, retryInMs, isWaiting, isRepeated });
    if (!isWaiting) return { reason, retryInMs, evidence: why };
    const waitMs = Math.min(recheckMs * (1 + deps.random.next()), retryInMs ?? Infinity, leftMs);
    await time.waitForOthers(() => deps.clock.sleep(Math.max(1, waitMs), stop));
    return null;
  }
}
