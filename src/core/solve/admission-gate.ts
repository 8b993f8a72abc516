import type { Breaker, Permit, RetryAfterGate } from '../../ports/state.ts';
import type { Awaitable, Clock, Random } from '../../ports/system.ts';
import { withJitter } from '../resilience/retry-decision.ts';
import type { FailureCause } from './attempt-history.ts';
import type { Deadline } from './deadline.ts';

/** Whoever waits together asks no less often than this, */
const oftenMs = 10;
/** and each of them no more seldom than this, or than it was told to. */
const seldomMs = 1_000;

/**
 * The tasks of one process that wait for the breaker. Each is told when it is worth asking again as though it were alone.
 * Where they are many they take longer, each by another length, so that together they do not ask all the time.
 */
export class WaiterBackoff {
  #size = 0;

  /** Counts whoever waits for as long as it does. `sleep` is told for how long, in ms; `jitter` is 0..1. */
  async wait(told: { readonly retryInMs: number; readonly jitter: number }, sleep: (ms: number) => Promise<void>) {
    this.#size += 1;
    await sleep(this.#shareMs(told));
    this.#size -= 1;
  }

  #shareMs({ retryInMs, jitter }: { readonly retryInMs: number; readonly jitter: number }): number {
    const maxMs = Math.max(retryInMs, Math.min(oftenMs * this.#size, seldomMs));
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
  /** Whether the task is rather given up than to wait for the breaker. */
  readonly failsFast: boolean;
  readonly onRefused: (refusal: { readonly retryInMs: number; readonly isWaiting: boolean }) => void;
}

/** The right to submit. */
export interface Admitted {
  readonly permit: Permit;
}

/** Where one task gets the right to submit: from a service that wants to be left alone, and from the breaker. */
export class AdmissionGate {
  readonly #parts: AdmissionGateDeps;

  constructor(parts: AdmissionGateDeps) {
    this.#parts = parts;
  }

  /** Why nothing is to be submitted any more; null where it may. */
  whyEnded(): FailureCause | null {
    const { stop, time } = this.#parts;
    if (stop.aborted) return { reason: 'cancelled', retryInMs: null };
    return time.leftMs() <= 0 ? { reason: 'deadline-exceeded', retryInMs: null } : null;
  }

  /** A permit from the breaker, waited for where that is wanted and the deadline allows it. */
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

  /** Waits among those who wait for the breaker, until it is worth asking it again. */
  async #releaseAndWait(retryInMs: number): Promise<void> {
    const { time, stop, deps } = this.#parts;
    const { clock, waiters, random } = deps;
    await time.waitForOthers((maxMs) =>
      waiters.wait({ retryInMs, jitter: random.next() }, (ms) => clock.sleep(Math.min(ms, maxMs), stop)),
    );
  }

  /** One task was told to come back later: the others need not be told one by one. */
  async #waitForCooldown(cooldownMs: number): Promise<FailureCause | null> {
    const { time, stop, deps } = this.#parts;
    const waitMs = withJitter(cooldownMs, deps.random.next());
    // Whoever would rather fail than wait for others heeds what the service asks of all, as it does after its own fault.
    if (waitMs >= time.remainingMs()) return { reason: 'deadline-exceeded', retryInMs: waitMs };
    await time.waitForOthers(() => deps.clock.sleep(waitMs, stop));
    return null;
  }

  /** A breaker that is shared takes time to answer: the task may have ended meanwhile. */
  #use(permit: Permit): Awaitable<Admitted | FailureCause> {
    const ended = this.whyEnded();
    if (ended === null) return { permit };
    return Promise.resolve(this.#parts.deps.breaker.record(permit, 'abandoned')).then(() => ended);
  }
}
