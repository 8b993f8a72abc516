import { setTimeout as sleep } from 'node:timers/promises';

const stepMs = 100;

/**
 * The clock of a service. It runs as time does, but no faster than the processes that use the service: it takes a step only after
 * all of them have answered. So what they do within a second of this clock is not a matter of how busy the machine is.
 */
export class SharedClock {
  readonly #answered: () => Promise<unknown>;
  #nowMs = 0;
  #isEnded = false;

  /** `answered` resolves when all processes have answered a question that was asked after the call. */
  constructor(answered: () => Promise<unknown>) {
    this.#answered = answered;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** Goes to a later moment at once. */
  moveTo(ms: number): void {
    this.#nowMs = Math.max(this.#nowMs, ms);
  }

  /** Runs until the moment has come. */
  async runTo(ms: number): Promise<void> {
    while (this.#nowMs < ms) await this.#step();
  }

  /** Runs until the work is done. Returns its result. */
  async runDuring<T>(work: Promise<T>): Promise<T> {
    this.#isEnded = false;
    const running = (async () => {
      while (!this.#isEnded) await this.#step();
    })();
    try {
      return await work;
    } finally {
      this.#isEnded = true;
      await running;
    }
  }

  async #step(): Promise<void> {
    await Promise.all([sleep(stepMs), this.#answered()]);
    this.#nowMs += stepMs;
  }
}
