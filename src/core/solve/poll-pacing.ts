import type { Random } from '../../ports/system.ts';
import { withJitter } from '../resilience/retry-decision.ts';

/** How one method is polled; all in ms. */
export interface PollTiming {
  /** The age at the first poll; null if the planner chooses it. */
  readonly firstWaitMs: number | null;
  /** The rule grants an id one more poll per interval. Also the time between polls beyond the plan. */
  readonly intervalMs: number;
  /** The ages at which to poll while no solve time is known; then each interval. Never empty. */
  readonly coldStartMs: readonly number[];
  /** Lifetime of a solution; null if it never expires. */
  readonly lifetimeMs: number | null;
}

/** The polls of one id so far. Ages in ms since its submission. */
export interface PollHistory {
  /** Polls that were sent, including those that an earlier run may have sent. */
  readonly pollCount: number;
  /** When the latest poll of this run was sent and when it ended; null before the first. */
  readonly latest: { readonly sentMs: number; readonly endedMs: number } | null;
  /** Number of failed polls in a row, including the latest. */
  readonly faultsInARow: number;
  /** The `Retry-After` of the latest fault, in ms; null if there was none. */
  readonly retryAfterMs: number | null;
}

/** An id at one moment. Ages in ms since its submission. */
export interface PolledId {
  readonly ageMs: number;
  /** Its age at the deadline of its task. */
  readonly deadlineMs: number;
  /** True if an earlier run submitted it. */
  readonly isResumed: boolean;
  /** The planned ages of its polls, ascending; beyond the last one it is polled each interval. */
  readonly planMs: readonly number[];
}

/** How many polls an id may be ahead of one poll per interval. */
export const pollsInHand = 2;
/** The minimum time between two polls of one id, unless the interval is shorter. */
const shortestGapMs = 1_000;
/** Ages are differences of clock readings, so the age of a poll can differ from the plan by a rounding error. */
const sameMomentMs = 0.5;
/** The longest interval while polls fail. */
const maxIntervalMs = 30_000;
/** Time between the last poll and the deadline. The last poll collects a paid solution in time. */
const lastLookMs = 1_000;
/** Jitter of waits, as a share of the wait: tasks that were submitted together must not poll in step. */
const waitJitter = 0.1;
/** Jitter of polls that the pacing rule delays to the same moment, as a share of the interval. */
const heldJitter = 0.01;

/** The shortest time between two polls of one id. */
export const minGapMs = (intervalMs: number): number => Math.min(shortestGapMs, intervalMs);

/**
 * The pacing rule: by any age t, an id has been polled at most `2 + floor(t / interval)` times, and two of its polls are at
 * least one second apart (or one interval, if that is shorter). Returns the age from which it may be polled again.
 */
export function earliestPollMs({ pollCount, latest }: Pick<PollHistory, 'pollCount' | 'latest'>, intervalMs: number) {
  const grantedMs = Math.max(0, pollCount + 1 - pollsInHand) * intervalMs;
  return latest === null ? grantedMs : Math.max(grantedMs, latest.endedMs + minGapMs(intervalMs));
}

/**
 * The number of polls to assume for an id of an earlier run: one less than the rule grants at this age. So the id is polled
 * at once, and then as if the earlier run had used every poll it was allowed. An id of unknown age (null) is treated as new.
 */
export function pollsOfEarlierRun(ageMs: number | null, intervalMs: number): number {
  if (ageMs === null) return 0;
  return pollsInHand - 1 + (intervalMs > 0 ? Math.floor(ageMs / intervalMs) : 0);
}

/** The plan with jitter for one id: all its ages are scaled by the same random factor, so that ids do not poll in step. */
export function jitteredPlan(planMs: readonly number[], random: Random): readonly number[] {
  const share = around(1, random);
  return planMs.map((ms) => ms * share);
}

/** A wait with symmetric jitter. */
const around = (waitMs: number, random: Random): number => waitMs * (1 + waitJitter * (random.next() - 0.5));

/** The age of the next poll before the pacing rule and the deadline apply. */
function wantedMs(timing: PollTiming, id: PolledId, history: PollHistory, random: Random): number {
  const { intervalMs, firstWaitMs } = timing;
  const { latest, faultsInARow } = history;
  if (faultsInARow > 0) {
    const maxMs = Math.max(intervalMs, Math.min(maxIntervalMs, intervalMs * 2 ** faultsInARow));
    return id.ageMs + intervalMs + random.next() * (maxMs - intervalMs);
  }
  if (latest === null && id.isResumed) return id.ageMs;
  if (latest === null && firstWaitMs !== null) return firstWaitMs;
  const sentMs = latest?.sentMs ?? 0;
  return id.planMs.find((ms) => ms > sentMs + sameMomentMs) ?? sentMs + around(intervalMs, random);
}

/** The age of the last poll before the deadline; null if the rule does not allow it in time. */
function lastLook(id: PolledId, earliestMs: number, askedMs: number): number | null {
  const ms = Math.max(id.deadlineMs - lastLookMs, earliestMs);
  return ms >= id.ageMs && ms > askedMs && ms < id.deadlineMs ? ms : null;
}

/**
 * The wait before the next poll, in ms; null if no further poll fits before the deadline. The wait respects `Retry-After`
 * and the pacing rule. The last poll that the rule allows is moved to one second before the deadline.
 */
export function waitForPollMs(timing: PollTiming, id: PolledId, history: PollHistory, random: Random): number | null {
  const { ageMs, deadlineMs } = id;
  const { intervalMs } = timing;
  const { pollCount, latest, retryAfterMs } = history;
  const askedMs = retryAfterMs === null ? ageMs : ageMs + withJitter(retryAfterMs, random.next());
  const earliestMs = earliestPollMs(history, intervalMs);
  const wanted = wantedMs(timing, id, history, random);
  const pacedMs = wanted >= earliestMs ? wanted : earliestMs + heldJitter * intervalMs * random.next();
  const nextMs = Math.max(pacedMs, askedMs);
  const last = lastLook(id, earliestMs, askedMs);
  const after = earliestPollMs({ pollCount: pollCount + 1, latest: { sentMs: nextMs, endedMs: nextMs } }, intervalMs);
  const isFirstOfResumed = latest === null && id.isResumed;
  const isLast = nextMs > deadlineMs - lastLookMs || (after > deadlineMs - lastLookMs && !isFirstOfResumed);
  if (last !== null && isLast) return last - ageMs;
  // A paid task is polled at least once, even if little time is left.
  if (latest === null && retryAfterMs === null && deadlineMs > ageMs && nextMs >= deadlineMs && earliestMs <= ageMs)
    return 0;
  return nextMs < deadlineMs ? Math.max(0, nextMs - ageMs) : null;
}
