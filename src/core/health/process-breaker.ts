import type { Admission, Breaker, Pass, Verdict } from '../../ports/breaker.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import { type BreakerOptions, CircuitBreaker } from './circuit-breaker.ts';

/** The circuit breaker of one process. */
export class ProcessBreaker implements Breaker {
  readonly #breaker: CircuitBreaker;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(options: BreakerOptions, { clock, random }: { clock: Clock; random: Random }) {
    this.#breaker = new CircuitBreaker(options);
    this.#clock = clock;
    this.#random = random;
  }

  tryEnter(): Admission {
    return this.#breaker.tryEnter(this.#clock.nowMs());
  }

  record(pass: Pass, verdict: Verdict): void {
    this.#breaker.record(pass, verdict, { nowMs: this.#clock.nowMs(), jitter: this.#random.next() });
  }
}
