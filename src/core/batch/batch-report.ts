import type { SolverEvent } from '../../domain/events.ts';
import { messageWithoutStop } from '../../domain/fault.ts';
import { apiLatencyMs, type FailureReason, type GaveUp, type Outcome } from '../../domain/outcome.ts';
import type { BatchResult } from './batch-plan.ts';
import { Quantiles } from '../solve/quantiles.ts';

/** The median and the 95th percentile of durations, in ms; null if there were none. */
export interface Spread {
  readonly p50: number | null;
  readonly p95: number | null;
}

interface TaskTimes {
  /** Time from the first submission of a task to its solution. */
  readonly solveMs: Spread;
  /** Round trips of requests: of each task their median. */
  readonly apiLatencyMs: Spread;
}

export interface RegionTotals extends TaskTimes {
  readonly region: string | null;
  readonly solved: number;
  readonly failed: number;
  readonly attempts: number;
}

/** Counts of a run so far. Durations in ms. */
export interface BatchReport extends TaskTimes {
  readonly solved: number;
  readonly failed: number;
  readonly byReason: Readonly<Partial<Record<FailureReason, number>>>;
  /** The last fault of failed tasks, as a code or a sentence, with how many tasks each; by failure reason. */
  readonly causes: Readonly<Partial<Record<FailureReason, Readonly<Record<string, number>>>>>;
  readonly byRegion: readonly RegionTotals[];
  readonly retriesGranted: number;
  readonly retriesRefused: number;
  readonly possiblyCharged: number;
  /** Solutions that had expired before their row was written. */
  readonly expired: number;
}

/** Distinct causes that are counted per reason. Others are counted together, so that memory stays flat. */
const maxCauses = 10;

/** The last fault of a task, without parts that differ between tasks; null if it had none. */
function causeOf({ attempts }: GaveUp): string | null {
  const last = attempts.at(-1);
  if (last === undefined || last.fault === null) return null;
  return last.fault.code ?? (last.captchaId === null ? messageWithoutStop(last.fault) : null);
}

const spreadOf = (times: Quantiles): Spread => ({ p50: times.at(0.5), p95: times.at(0.95) });

/** Collects the times of tasks in constant memory. */
class Times {
  readonly #solve = new Quantiles();
  readonly #latency = new Quantiles();

  record({ status, durationMs }: Outcome, latencyMs: number | null): void {
    if (status === 'solved') this.#solve.record(durationMs);
    if (latencyMs !== null) this.#latency.record(latencyMs);
  }

  /** The spreads of several together. */
  static spreads(all: readonly Times[]): TaskTimes {
    return {
      solveMs: spreadOf(Quantiles.merged(all.map((times) => times.#solve))),
      apiLatencyMs: spreadOf(Quantiles.merged(all.map((times) => times.#latency))),
    };
  }
}

/** Counts the results of a batch in constant memory. */
export class BatchStats {
  readonly #byReason = new Map<FailureReason, number>();
  readonly #causes = new Map<FailureReason, Map<string, number>>();
  readonly #byRegion = new Map<string | null, { solved: number; failed: number; attempts: number; times: Times }>();
  readonly #events = { retriesGranted: 0, retriesRefused: 0 };
  readonly #counts = { solved: 0, failed: 0, possiblyCharged: 0, expired: 0 };

  recordEvent({ type }: SolverEvent): void {
    if (type === 'retrying') this.#events.retriesGranted += 1;
    if (type === 'budget-refused') this.#events.retriesRefused += 1;
  }

  recordResult({ outcome, attemptCount, possiblyCharged, expired }: BatchResult): void {
    const isSolved = outcome.status === 'solved';
    const { region } = outcome;
    const totals = this.#byRegion.get(region) ?? { solved: 0, failed: 0, attempts: 0, times: new Times() };
    this.#byRegion.set(region, totals);
    totals[isSolved ? 'solved' : 'failed'] += 1;
    totals.attempts += attemptCount;
    this.#counts[isSolved ? 'solved' : 'failed'] += 1;
    this.#counts.possiblyCharged += possiblyCharged ? 1 : 0;
    this.#counts.expired += expired ? 1 : 0;
    totals.times.record(outcome, apiLatencyMs(outcome.attempts));
    if (outcome.status === 'failed') this.#recordFailure(outcome);
  }

  #recordFailure(outcome: GaveUp): void {
    const { reason } = outcome;
    this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + 1);
    const cause = causeOf(outcome);
    if (cause === null) return;
    const causes = this.#causes.get(reason) ?? new Map<string, number>();
    this.#causes.set(reason, causes);
    const counted = causes.has(cause) || causes.size < maxCauses ? cause : 'other';
    causes.set(counted, (causes.get(counted) ?? 0) + 1);
  }

  report(): BatchReport {
    return {
      ...this.#counts,
      ...this.#events,
      byReason: Object.fromEntries(this.#byReason),
      causes: Object.fromEntries([...this.#causes].map(([reason, counts]) => [reason, Object.fromEntries(counts)])),
      byRegion: [...this.#byRegion].map(([region, { times, ...totals }]) => ({
        region,
        ...totals,
        ...Times.spreads([times]),
      })),
      ...Times.spreads([...this.#byRegion.values()].map(({ times }) => times)),
    };
  }
}
