import type { Clock } from '../../ports/system.ts';

export interface ConcurrencyOptions {
  /** Initial and maximum limit: whole numbers, at least 1. */
  readonly start: number;
  readonly max: number;
}

/** After a "no slot" answer, further ones are ignored for this time: their submissions were already in flight. */
const settleMs = 5_000;
const decrease = 0.7;

/**
 * How many tasks may be in work at once: additive increase, multiplicative decrease (Chiu and Jain, 1989).
 *
 * `limit` accepted submissions raise the limit by one, up to `max`. A "no slot" answer cuts it to seven tenths, at most
 * once per settling time. Tasks above the limit wait in the order of their requests; tasks that have started go before
 * new ones.
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

  /** Waits for a free slot and takes it. */
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

  /** Records a "no slot" answer. */
  recordFull(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#settledAtMs) return;
    this.#settledAtMs = nowMs + settleMs;
    this.#limit = Math.max(1, Math.min(this.#limit, this.#inFlight) * decrease);
  }

  /**
   * Waits `ms` before a task that got a "no slot" answer submits again, longer while the limit has no slot for it, and
   * at most `maxMs`. The task keeps its slot during the first wait: another task would only get the same answer.
   */
  async yield({ ms, maxMs }: { ms: number; maxMs: number }, stop: AbortSignal): Promise<void> {
    await this.#clock.sleep(Math.min(ms, maxMs), stop);
    if (stop.aborted || ms >= maxMs || this.#inFlight <= this.limit) return;
    this.#inFlight -= 1;
    await this.#comeBack(maxMs - ms);
  }

  /**
   * Waits for a slot with priority over new tasks. After `maxMs` it proceeds without one, because its task is about to
   * end.
   */
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
