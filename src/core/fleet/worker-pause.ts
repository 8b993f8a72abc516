import type { SolverEvent } from '../../domain/events.ts';
import type { Clock } from '../../ports/clock.ts';

/**
 * How long a worker takes no further tasks, since those that it has wait for the breaker or the retry budget: tasks that
 * wait in the queue can still go elsewhere.
 */
export class WorkerPause {
  readonly #clock: Clock;
  #untilMs = 0;

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock;
  }

  get leftMs(): number {
    return Math.max(0, this.#untilMs - this.#clock.nowMs());
  }

  recordEvent(event: SolverEvent): void {
    if (event.type === 'breaker-refused') this.#lengthen(event.retryInMs);
    // The token was taken before it was there: so long is the wait for it.
    if (event.type === 'retrying' && (event.budgetBalance ?? 0) < 0) this.#lengthen(event.waitMs);
    if (event.type === 'submitted') this.#untilMs = 0;
  }

  #lengthen(ms: number): void {
    this.#untilMs = Math.max(this.#untilMs, this.#clock.nowMs() + ms);
  }
}
