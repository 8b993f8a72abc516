import type { RetryAfterGate } from '../../ports/state.ts';
import type { Clock } from '../../ports/system.ts';

/** The `Retry-After` cooldown of one process. */
export class ProcessRetryAfterGate implements RetryAfterGate {
  readonly #clock: Clock;
  #untilMs = 0;

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock;
  }

  extend(ms: number): void {
    this.#untilMs = Math.max(this.#untilMs, this.#clock.nowMs() + ms);
  }

  leftMs(): number {
    return Math.max(0, this.#untilMs - this.#clock.nowMs());
  }
}
