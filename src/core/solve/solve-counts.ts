import type { SolverEvent } from '../../domain/events.ts';
import { deliveryDelayMs, type FailureReason, type Outcome } from '../../domain/outcome.ts';
import { Histogram, type HistogramReading, requestSeconds } from './histogram.ts';

/** What happened in one region. */
export interface RegionCounts {
  /** Null for tasks without a region. */
  readonly region: string | null;
  readonly submissions: number;
  /** Finished tasks. */
  readonly tasks: Readonly<Partial<Record<'solved' | FailureReason, number>>>;
  readonly possiblyCharged: number;
  readonly solveTime: HistogramReading;
  readonly deliveryDelay: HistogramReading;
  /** Round trips of the answered requests of finished tasks. */
  readonly apiLatency: HistogramReading;
}

/** What a process did. Counts since its start. */
export interface SolveReading {
  readonly regions: readonly RegionCounts[];
  /** Submissions that were refused because all threads are busy. */
  readonly bounced: number;
  readonly retriesGranted: number;
  readonly retriesRefused: number;
  /** Times that the breaker let no submission start. */
  readonly breakerRefused: number;
  /** Waits of a submission for the end of a hold, and for room under a limit. */
  readonly held: number;
  readonly limitReached: number;
}

class RegionTally {
  submissions = 0;
  possiblyCharged = 0;
  readonly tasks: Partial<Record<'solved' | FailureReason, number>> = { solved: 0 };
  readonly solveTime = new Histogram();
  readonly deliveryDelay = new Histogram();
  readonly apiLatency = new Histogram(requestSeconds);
}

type EventCount = Exclude<keyof SolveReading, 'regions'>;

const countedAs: Partial<Record<SolverEvent['type'], EventCount>> = {
  'threads-full': 'bounced',
  retrying: 'retriesGranted',
  'budget-refused': 'retriesRefused',
  'breaker-refused': 'breakerRefused',
};

/** A waiting task asks again twice a second, so its wait counts once. */
function stoppedAs(event: SolverEvent & { readonly type: 'submission-refused' }): EventCount | undefined {
  if (event.isRepeated) return undefined;
  return event.reason === 'held' ? 'held' : 'limitReached';
}

/** Counts submissions and results for the metrics of a process, in constant memory. */
export class SolveCounts {
  readonly #region: string | null;
  readonly #regions = new Map<string | null, RegionTally>();
  readonly #events: Record<EventCount, number> = {
    ...{ bounced: 0, retriesGranted: 0, retriesRefused: 0, breakerRefused: 0, held: 0, limitReached: 0 },
  };

  /** `region`: the region of all tasks; left out, each task has its own. */
  constructor({ region = null }: { readonly region?: string | null } = {}) {
    this.#region = region;
    if (region !== null) this.#of(region);
  }

  recordEvent(event: SolverEvent): void {
    if (event.type === 'submitting') this.#of(event.region).submissions += 1;
    if (event.type === 'attempt-failed' && event.fault.threadsFull) this.#events.bounced += 1;
    const counted = event.type === 'submission-refused' ? stoppedAs(event) : countedAs[event.type];
    if (counted !== undefined) this.#events[counted] += 1;
  }

  recordResult({ outcome, possiblyCharged }: { readonly outcome: Outcome; readonly possiblyCharged: boolean }): void {
    const tally = this.#of(outcome.region);
    const result = outcome.status === 'solved' ? 'solved' : outcome.reason;
    tally.tasks[result] = (tally.tasks[result] ?? 0) + 1;
    if (possiblyCharged) tally.possiblyCharged += 1;
    for (const { submitMs, pollMs } of outcome.attempts) {
      for (const ms of submitMs === null ? pollMs : [submitMs, ...pollMs]) tally.apiLatency.record(ms);
    }
    if (outcome.status !== 'solved') return;
    tally.solveTime.record(outcome.durationMs);
    const delayMs = deliveryDelayMs(outcome);
    if (delayMs !== null) tally.deliveryDelay.record(delayMs);
  }

  read(): SolveReading {
    const regions = [...this.#regions].map(([region, { submissions, possiblyCharged, tasks, ...times }]) => {
      const { solveTime, deliveryDelay, apiLatency } = times;
      const solving = { solveTime: solveTime.read(), deliveryDelay: deliveryDelay.read() };
      const histograms = { ...solving, apiLatency: apiLatency.read() };
      return { region, submissions, possiblyCharged, tasks: { ...tasks }, ...histograms };
    });
    return { regions, ...this.#events };
  }

  #of(own: string | null): RegionTally {
    const region = this.#region ?? own;
    const tally = this.#regions.get(region) ?? new RegionTally();
    this.#regions.set(region, tally);
    return tally;
  }
}
