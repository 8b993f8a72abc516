import type { Clock } from '../../ports/system.ts';

export interface OwnTimeOptions {
  readonly timeoutMs: number;
  /** An attempt that has less is not worth its submission. */
  readonly attemptNeedsMs: number;
  /** Whether it stands still while the task waits for others. */
  readonly stands: boolean;
}

/** The time that a task has for itself, from the moment at which this is made until its deadline. */
export class OwnTime {
  readonly startedMs: number;
  readonly #clock: Clock;
  readonly #stands: boolean;
  readonly #attemptNeedsMs: number;
  #deadlineAtMs: number;

  constructor({ timeoutMs, attemptNeedsMs, stands }: OwnTimeOptions, clock: Clock) {
    this.#clock = clock;
    this.#stands = stands;
    this.#attemptNeedsMs = attemptNeedsMs;
    this.startedMs = clock.nowMs();
    this.#deadlineAtMs = this.startedMs + timeoutMs;
  }

  /** On the monotonic clock. It moves where time stands still. */
  get deadlineAtMs(): number {
    return this.#deadlineAtMs;
  }

  /** Since it began, in ms, all waits included. */
  elapsedMs(): number {
    return this.#clock.nowMs() - this.startedMs;
  }

  /** Until the deadline, in ms. */
  leftMs(): number {
    return this.#deadlineAtMs - this.#clock.nowMs();
  }

  /** The most that can be waited for others, in ms, if there is to be an attempt after it; `Infinity` where time stands. */
  roomMs(): number {
    return this.#stands ? Infinity : Math.max(0, this.leftMs() - this.#attemptNeedsMs);
  }

  /** So much of what follows is not the task's own time. */
  grant(ms: number): void {
    if (this.#stands) this.#deadlineAtMs += ms;
  }

  /** Waits for others: `wait` is told the most that it may take, in ms. */
  async waitForOthers(wait: (mostMs: number) => Promise<void>): Promise<void> {
    const sinceMs = this.#clock.nowMs();
    await wait(this.#stands ? Infinity : Math.max(0, this.leftMs()));
    this.grant(this.#clock.nowMs() - sinceMs);
  }
}
