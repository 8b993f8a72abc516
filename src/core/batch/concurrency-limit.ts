import type { Clock } from '../../ports/system.ts';

export interface ConcurrencyOptions {
  /** Where it begins, and the most it grows to: whole numbers, at least 1. */
  readonly start: number;
  readonly max: number;
}

/** After a lack of threads nothing is learnt for so long: answers of what was under way before tell nothing new. */
const settleMs = 5_000;
const decrease = 0.7;

/**
 * How many tasks may be in work at once: additive increase, multiplicative decrease (Chiu and Jain, 1989).
 *
 * Every `limit` accepted submissions make room for one more, up to `max`; an answer that all threads are taken cuts the
 * limit to seven tenths, once per settling time. Whoever is over the limit waits, in the order of asking, but what was
 * begun goes before what was not.
 */
export class ConcurrencyLimit {
  readonly #max: number;
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  readonly #returning: (() => void)[] = [];
  #limit: number;
  #inFlight = 0;
  #settledAtMs = 0;

  constructor({ start, max }: ConcurrencyOptions, { clock }: { clock: Clock }) {
    this.#max = max;
    this.#limit = Math.min(start, max);
    this.#clock = clock;
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Resolves when there is room for one more, which is then taken. */
  acquire(): Promise<void> {
    const admitted = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#admit();
    return admitted;
  }

  release(): void {
    this.#inFlight -= 1;
    this.#admit();
  }

  recordAccepted(): void {
    if (this.#clock.nowMs() < this.#settledAtMs) return;
    this.#limit = Math.min(this.#max, this.#limit + 1 / this.#limit);
    this.#admit();
  }

  /** A submission was answered that every thread is taken. */
  recordFull(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#settledAtMs) return;
    this.#settledAtMs = nowMs + settleMs;
    this.#limit = Math.max(1, Math.min(this.#limit, this.#inFlight) * decrease);
  }

  /**
   * Waits for `ms` before a task that the service had no thread for asks again, and longer where the limit has no room for
   * it, but at most `maxMs`. Its room stays taken meanwhile: another task would only be told the same.
   */
  async yield({ ms, maxMs }: { ms: number; maxMs: number }, stop: AbortSignal): Promise<void> {
    await this.#clock.sleep(Math.min(ms, maxMs), stop);
    if (stop.aborted || ms >= maxMs || this.#inFlight <= this.limit) return;
    this.#inFlight -= 1;
    await this.#comeBack(maxMs - ms);
  }

  /** Waits for room before all who have not begun; out of time it takes what is not there, for it is about to end. */
  async #comeBack(maxMs: number): Promise<void> {
    const admitted = new AbortController();
    const admit = (): void => admitted.abort();
    this.#returning.push(admit);
    this.#admit();
    await this.#clock.sleep(maxMs, admitted.signal);
    if (admitted.signal.aborted) return;
    this.#returning.splice(this.#returning.indexOf(admit), 1);
    this.#inFlight += 1;
  }

  #admit(): void {
    while (this.#inFlight < this.limit) {
      const next = this.#returning.shift() ?? this.#waiting.shift();
      if (next === undefined) return;
      this.#inFlight += 1;
      next();
    }
  }
}
