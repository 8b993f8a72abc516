import type { Breaker, Permit, RetryAfterGate } from '../../ports/state.ts';
import type { Awaitable, Clock, Random } from '../../ports/system.ts';
import { withJitter } from '../resilience/retry-decision.ts';
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
    readonly clock: Clock;
    readonly random: Random;
  };
  readonly time: Deadline;
  readonly stop: AbortSignal;
  /** True if the task is given up instead of waiting for the breaker. */
  readonly failsFast: boolean;
  /** Called before a wait that the service asked for, in ms. */
  readonly onCooldown: (waitMs: number) => void;
  readonly onRefused: (refusal: { readonly retryInMs: number; readonly isWaiting: boolean }) => void;
}

/** A permit to submit. */
export interface Admitted {
  readonly permit: Permit;
}

/** Admits the submissions of one task: waits for the `Retry-After` of the service and for the breaker. */
export class AdmissionGate {
  readonly #parts: AdmissionGateDeps;

  constructor(parts: AdmissionGateDeps) {
    this.#parts = parts;
  }

  /** Why the task must not be submitted any more; null if it may be. */
  whyEnded(): FailureCause | null {
    const { stop, time } = this.#parts;
    if (stop.aborted) return { reason: 'cancelled', retryInMs: null };
    return time.leftMs() <= 0 ? { reason: 'deadline-exceeded', retryInMs: null } : null;
  }

  /** Gets a permit from the breaker. Waits for it if the options and the deadline allow that. */
  async enter(): Promise<Admitted | FailureCause> {
    const { deps, onRefused } = this.#parts;
    for (;;) {
      const cooldownMs = await deps.retryAfterGate.leftMs();
      const ended = (cooldownMs > 0 ? await this.#waitForCooldown(cooldownMs) : null) ?? this.whyEnded();
      if (ended !== null) return ended;
      const admission = await deps.breaker.tryAcquire();
      if (admission.admitted) return this.#use(admission.permit);
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

  /** A shared breaker takes time to answer, so the task may have ended in that time. */
  #use(permit: Permit): Awaitable<Admitted | FailureCause> {
    const ended = this.whyEnded();
    if (ended === null) return { permit };
    return Promise.resolve(this.#parts.deps.breaker.record(permit, 'abandoned')).then(() => ended);
  }
}
