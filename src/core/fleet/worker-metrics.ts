import type { FailureReason, Outcome } from '../../domain/outcome.ts';
import { Quantiles } from '../solve/quantiles.ts';
import type { SolveCounts } from '../solve/solve-counts.ts';
import type { LeaseEnd } from './work-on-lease.ts';

/** Counts since the start of a worker. Durations in ms. */
export interface WorkerTotals {
  /** Received deliveries. */
  readonly taken: number;
  readonly solved: number;
  readonly failed: number;
  readonly byReason: Readonly<Partial<Record<FailureReason, number>>>;
  /** Submissions, earlier deliveries included. */
  readonly attempts: number;
  /** Requests to the service for finished tasks. */
  readonly requests: number;
  readonly possiblyCharged: number;
  /** Deliveries of tasks that already had a result. */
  readonly known: number;
  /** Deliveries whose lease was lost. */
  readonly lost: number;
  readonly handedBack: number;
  readonly deadLettered: number;
  readonly solveMs: { readonly p50: number | null; readonly p95: number | null };
}

/** Number of requests for an outcome: its submissions and polls. */
export function requestsOf({ attempts }: Outcome): number {
  return attempts.reduce((sum, { pollMs, pollFaultCount }) => sum + 1 + pollMs.length + pollFaultCount, 0);
}

/** Counts a worker's results in constant memory. */
export class WorkerStats {
  readonly #byReason = new Map<FailureReason, number>();
  readonly #solveTimes = new Quantiles();
  readonly #solveCounts: SolveCounts | null;
  readonly #counts = {
    ...{ taken: 0, solved: 0, failed: 0, attempts: 0, requests: 0, possiblyCharged: 0 },
    ...{ known: 0, lost: 0, handedBack: 0, deadLettered: 0 },
  };

  /** `solveCounts`: gets the results, too. */
  constructor({ solveCounts = null }: { readonly solveCounts?: SolveCounts | null } = {}) {
    this.#solveCounts = solveCounts;
  }

  recordTaken(count: number): void {
    this.#counts.taken += count;
  }

  recordEnd(ended: LeaseEnd): void {
    switch (ended.end) {
      case 'finished':
        this.#recordResult(ended);
        return;
      case 'known':
        this.#counts.known += 1;
        return;
      case 'lost':
        this.#counts.lost += 1;
        return;
      case 'handed-back':
        this.#counts.handedBack += 1;
        return;
      case 'dead':
        this.#counts.deadLettered += 1;
    }
  }

  totals(): WorkerTotals {
    const solveMs = { p50: this.#solveTimes.at(0.5), p95: this.#solveTimes.at(0.95) };
    return { ...this.#counts, byReason: Object.fromEntries(this.#byReason), solveMs };
  }

  #recordResult({ result }: LeaseEnd & { end: 'finished' }): void {
    const { outcome, attemptCount, possiblyCharged } = result;
    const isSolved = outcome.status === 'solved';
    this.#solveCounts?.recordResult({ outcome, possiblyCharged });
    this.#counts[isSolved ? 'solved' : 'failed'] += 1;
    this.#counts.attempts += attemptCount;
    this.#counts.requests += requestsOf(outcome);
    this.#counts.possiblyCharged += possiblyCharged ? 1 : 0;
    if (isSolved) this.#solveTimes.record(outcome.durationMs);
    else this.#byReason.set(outcome.reason, (this.#byReason.get(outcome.reason) ?? 0) + 1);
  }
}
