import { apiLatencyMs, deliveryDelayMs, type Outcome } from '../../domain/outcome.ts';
import { Quantiles } from '../solve/quantiles.ts';

/** The median and the 95th percentile of durations, in ms; null if there were none. */
export interface Spread {
  readonly p50: number | null;
  readonly p95: number | null;
}

/** How long finished tasks took. */
export interface TaskTimes {
  /** Time from the first submission of a task to its solution. */
  readonly solveMs: Spread;
  /** Round trips of requests: of each task their median. */
  readonly apiLatencyMs: Spread;
  /** How long the service may have had a solution before it was fetched, at most. */
  readonly deliveryDelayMs: Spread;
}

const spreadOf = (times: Quantiles): Spread => ({ p50: times.at(0.5), p95: times.at(0.95) });

/** Collects the times of tasks in constant memory. */
export class TaskTimesTally {
  readonly #solve = new Quantiles();
  readonly #latency = new Quantiles();
  readonly #delay = new Quantiles();

  record(outcome: Outcome): void {
    const latencyMs = apiLatencyMs(outcome.attempts);
    if (latencyMs !== null) this.#latency.record(latencyMs);
    if (outcome.status !== 'solved') return;
    this.#solve.record(outcome.durationMs);
    const delayMs = deliveryDelayMs(outcome);
    if (delayMs !== null) this.#delay.record(delayMs);
  }

  times(): TaskTimes {
    return TaskTimesTally.merged([this]);
  }

  /** The times of several together. */
  static merged(all: readonly TaskTimesTally[]): TaskTimes {
    return {
      solveMs: spreadOf(Quantiles.merged(all.map((tally) => tally.#solve))),
      apiLatencyMs: spreadOf(Quantiles.merged(all.map((tally) => tally.#latency))),
      deliveryDelayMs: spreadOf(Quantiles.merged(all.map((tally) => tally.#delay))),
    };
  }
}
