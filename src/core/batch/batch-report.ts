import type { SolverEvent } from '../../domain/events.ts';
import type { FailureReason } from '../../domain/outcome.ts';
import type { BatchResult } from './batch-plan.ts';
import { Quantiles } from './quantiles.ts';

export interface RegionTotals {
  readonly region: string | null;
  readonly solved: number;
  readonly failed: number;
  readonly attempts: number;
}

/** Counts of a run so far. Durations in ms. */
export interface BatchReport {
  readonly solved: number;
  readonly failed: number;
  readonly byReason: Readonly<Partial<Record<FailureReason, number>>>;
  readonly byRegion: readonly RegionTotals[];
  readonly retriesGranted: number;
  readonly retriesRefused: number;
  readonly possiblyCharged: number;
  /** Solutions that had expired when their row was written. */
  readonly expired: number;
  /** Time from the first submission of a task to its solution, in ms. */
  readonly solveMs: { readonly p50: number | null; readonly p95: number | null };
}

/** Counts the results of a batch in constant memory. */
export class BatchStats {
  readonly #byReason = new Map<FailureReason, number>();
  readonly #byRegion = new Map<string | null, { solved: number; failed: number; attempts: number }>();
  readonly #solveTimes = new Quantiles();
  readonly #events = { retriesGranted: 0, retriesRefused: 0 };
  readonly #counts = { solved: 0, failed: 0, possiblyCharged: 0, expired: 0 };

  recordEvent({ type }: SolverEvent): void {
    if (type === 'retrying') this.#events.retriesGranted += 1;
    if (type === 'budget-refused') this.#events.retriesRefused += 1;
  }

  recordResult({ outcome, attemptCount, possiblyCharged, expired }: BatchResult): void {
    const isSolved = outcome.status === 'solved';
    const { region } = outcome;
    const totals = this.#byRegion.get(region) ?? { solved: 0, failed: 0, attempts: 0 };
    this.#byRegion.set(region, totals);
    totals[isSolved ? 'solved' : 'failed'] += 1;
    totals.attempts += attemptCount;
    this.#counts[isSolved ? 'solved' : 'failed'] += 1;
    this.#counts.possiblyCharged += possiblyCharged ? 1 : 0;
    this.#counts.expired += expired ? 1 : 0;
    if (isSolved) this.#solveTimes.record(outcome.durationMs);
    else this.#byReason.set(outcome.reason, (this.#byReason.get(outcome.reason) ?? 0) + 1);
  }

  report(): BatchReport {
    return {
      ...this.#counts,
      ...this.#events,
      byReason: Object.fromEntries(this.#byReason),
      byRegion: [...this.#byRegion].map(([region, totals]) => ({ region, ...totals })),
      solveMs: { p50: this.#solveTimes.at(0.5), p95: this.#solveTimes.at(0.95) },
    };
  }
}
