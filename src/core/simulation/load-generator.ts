import type { ModelledReply, ServiceWatch } from '../../ports/simulation.ts';
import type { Clock } from '../../ports/system.ts';

/** Requests that reached the service in one second, and its tasks in work at the end of it. */
export interface LoadSecond {
  submissions: number;
  accepted: number;
  polls: number;
  inWork: number;
}

/** Counts the requests that reach a service, per second. */
export class LoadGenerator implements ServiceWatch {
  readonly #clock: Clock;
  readonly #seconds: LoadSecond[] = [];
  #inWork = 0;
  #submissionCount = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get submissionCount(): number {
    return this.#submissionCount;
  }

  submission(verdict: ModelledReply): void {
    this.#submissionCount += 1;
    const second = this.#now();
    second.submissions += 1;
    if (verdict !== 'accepted') return;
    second.accepted += 1;
    this.#inWork += 1;
    second.inWork = this.#inWork;
  }

  poll(): void {
    this.#now().polls += 1;
  }

  solved(): void {
    this.#inWork -= 1;
    this.#now().inWork = this.#inWork;
  }

  /** One entry for each of the first `count` seconds, including seconds without traffic. */
  seconds(count: number): readonly Readonly<LoadSecond>[] {
    this.#fillUpTo(count);
    return this.#seconds.slice(0, count);
  }

  #now(): LoadSecond {
    const index = Math.floor(this.#clock.nowMs() / 1_000);
    this.#fillUpTo(index + 1);
    return this.#seconds[index] as LoadSecond;
  }

  /** A second without traffic ends with the same number of tasks as the second before. */
  #fillUpTo(count: number): void {
    while (this.#seconds.length < count) {
      this.#seconds.push({ submissions: 0, accepted: 0, polls: 0, inWork: this.#seconds.at(-1)?.inWork ?? 0 });
    }
  }
}
