import type { Clock } from '../../ports/system.ts';

export interface DeadlineOptions {
  readonly timeoutMs: number;
  /** The minimum time that an attempt needs to be worth its submission. */
  readonly attemptNeedsMs: number;
  /** True if waits for others extend the deadline. */
  readonly isPaused: boolean;
}

/** The deadline of a task. Its time starts when this is created. */
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

  /** On the monotonic clock. Waits for others can move it. */
  get deadlineAtMs(): number {
    return this.#deadlineAtMs;
  }

  /** Time since the start, in ms, including all waits. */
  elapsedMs(): number {
    return this.#clock.nowMs() - this.startedMs;
  }

  /** Time until the deadline, in ms. */
  leftMs(): number {
    return this.#deadlineAtMs - this.#clock.nowMs();
  }

  /** The longest wait for others, in ms, that leaves time for an attempt; `Infinity` if waits extend the deadline. */
  remainingMs(): number {
    return this.#isPaused ? Infinity : Math.max(0, this.leftMs() - this.#attemptNeedsMs);
  }

  /** The most that the task may wait for a free thread if there is to be an attempt after it, in ms. */
  forThreadMs(): number {
    return Math.max(0, this.leftMs() - this.#attemptNeedsMs);
  }

  /** Extends the deadline by a wait for others. */
  extend(ms: number): void {
    if (this.#isPaused) this.#deadlineAtMs += ms;
  }

  /** Waits for others. `wait` gets the maximum wait in ms. */
  async waitForOthers(wait: (maxMs: number) => Promise<void>): Promise<void> {
    const sinceMs = this.#clock.nowMs();
    await wait(this.#isPaused ? Infinity : Math.max(0, this.leftMs()));
    this.extend(this.#clock.nowMs() - sinceMs);
  }
}
