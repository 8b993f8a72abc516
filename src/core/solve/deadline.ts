import type { Clock } from '../../ports/system.ts';

export interface DeadlineOptions {
  readonly timeoutMs: number;
  /** An attempt that has less is not worth its submission. */
  readonly attemptNeedsMs: number;
  /** Whether it stands still while the task waits for others. */
  readonly isPaused: boolean;
}

/** The time that a task has for itself, from the moment at which this is made until its deadline. */
export class Deadline {
  readonly startedMs: number;
  readonly #clock: Clock;
  readonly #isPaused: boolean;
  readonly #attemptNeedsMs: number;
  #deadlineAtMs: number;

  constructor({ timeoutMs, attemptNeedsMs, isPaused }: DeadlineOptions, clock: Clock) {
    this.#clock = clock;
    this.#isPaused = isPaused;
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
  remainingMs(): number {
    return this.#isPaused ? Infinity : Math.max(0, this.leftMs() - this.#attemptNeedsMs);
  }

  /** The most that the task may wait for a free thread if there is to be an attempt after it, in ms. */
  forThreadMs(): number {
    return Math.max(0, this.leftMs() - this.#attemptNeedsMs);
  }

  /** So much of what follows is not the task's own time. */
  extend(ms: number): void {
    if (this.#isPaused) this.#deadlineAtMs += ms;
  }

  /** Waits for others: `wait` is told the most that it may take, in ms. */
  async waitForOthers(wait: (maxMs: number) => Promise<void>): Promise<void> {
    const sinceMs = this.#clock.nowMs();
    await wait(this.#isPaused ? Infinity : Math.max(0, this.leftMs()));
    this.extend(this.#clock.nowMs() - sinceMs);
  }
}
