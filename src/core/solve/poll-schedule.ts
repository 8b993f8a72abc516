import type { Random } from '../../ports/system.ts';
import { withJitter } from '../resilience/retry-decision.ts';

/** How one method is polled; all in ms. */
export interface PollTiming {
  /** From the submission to the first poll. */
  readonly firstWaitMs: number;
  /** The shortest time between two polls. */
  readonly intervalMs: number;
  /** How long a solution is usable; null where it never expires. */
  readonly lifetimeMs: number | null;
}

export interface PollContext {
  readonly pollCount: number;
  /** How many polls in a row have failed, the latest included. */
  readonly faultsInARow: number;
  /** What the service asked for with the latest fault, in ms; null for nothing. */
  readonly retryAfterMs: number | null;
  /** Until the task's deadline, in ms. */
  readonly timeLeftMs: number;
}

/** Intervals grow to this while polls fail. */
const maxIntervalMs = 30_000;
/** The last look is taken so long before the deadline, so that a paid solution is not left lying. */
const lastPollMs = 1_000;
/** Polls of tasks that were submitted together must not stay in step. */
const intervalJitter = 0.1;

function regularWaitMs(timing: PollTiming, { pollCount, faultsInARow }: PollContext, random: Random): number {
  if (pollCount === 0) return timing.firstWaitMs;
  if (faultsInARow === 0) return timing.intervalMs * (1 + intervalJitter * random.next());
  const maxMs = Math.max(timing.intervalMs, Math.min(maxIntervalMs, timing.intervalMs * 2 ** faultsInARow));
  return timing.intervalMs + random.next() * (maxMs - timing.intervalMs);
}

/**
 * How long to wait before the next poll, in ms, or null where no poll is worth sending before the deadline. Never sooner
 * than the service asked for, and otherwise never sooner than the interval, except for one last look at the deadline.
 */
export function waitForPollMs(timing: PollTiming, context: PollContext, random: Random): number | null {
  const { retryAfterMs, timeLeftMs } = context;
  const askedMs = retryAfterMs === null ? 0 : withJitter(retryAfterMs, random.next());
  const waitMs = Math.max(regularWaitMs(timing, context, random), askedMs);
  const lastMs = timeLeftMs - lastPollMs;
  if (waitMs > lastMs && lastMs > askedMs) return lastMs;
  // What was paid for is looked at once, however little time is left.
  if (context.pollCount === 0 && askedMs === 0 && timeLeftMs > 0 && waitMs >= timeLeftMs) return 0;
  return waitMs < timeLeftMs ? waitMs : null;
}

/** Enough to tell a fifth from noise, few enough to follow a service that becomes slower. */
const sampleSize = 64;
const minSampleSize = 16;
/** A first poll at this share of the solve times finds the rest not ready, and keeps the early ones waiting briefly. */
const earlyShare = 0.2;

/** The latest times of one method, in the order in which they came and in that of their length. */
interface Sample {
  readonly byAge: number[];
  readonly byLength: number[];
}

/**
 * Learns from a batch's own solve times when the first poll of a method is worth sending: polls before that are answered
 * "not ready" and only burden the service. It never makes the first wait shorter than the method's own.
 */
export class SolveDurations {
  readonly #byMethod = new Map<string, Sample>();

  /** `notReadyMs`: how long after its submission a task that was solved in the end was last seen unsolved (0: never). */
  record(method: string, notReadyMs: number): void {
    const sample = this.#byMethod.get(method) ?? { byAge: [], byLength: [] };
    this.#byMethod.set(method, sample);
    const { byAge, byLength } = sample;
    byAge.push(notReadyMs);
    // Kept sorted: to sort anew for every task is much of what a task costs.
    byLength.splice(byLength.findLastIndex((ms) => ms <= notReadyMs) + 1, 0, notReadyMs);
    if (byAge.length > sampleSize) byLength.splice(byLength.indexOf(byAge.shift() ?? 0), 1);
  }

  /** The method's timing with what was learnt. */
  learnt(method: string, usual: PollTiming): PollTiming {
    const { byLength } = this.#byMethod.get(method) ?? { byLength: [] };
    if (byLength.length < minSampleSize) return usual;
    const earlyMs = byLength[Math.floor(byLength.length * earlyShare)] ?? 0;
    return earlyMs <= usual.firstWaitMs ? usual : { ...usual, firstWaitMs: earlyMs };
  }
}
