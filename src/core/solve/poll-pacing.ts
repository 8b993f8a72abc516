import type { Random } from '../../ports/system.ts';
import { withJitter } from '../resilience/retry-decision.ts';

/** How one method is polled; all in ms. */
export interface PollTiming {
  /** Fixes the first poll, counted from the submission; null where it is planned. */
  readonly firstWaitMs: number | null;
  /** The time in which an id gets one more poll, and the time between polls where nothing better is known. */
  readonly intervalMs: number;
  /** When to poll while no solve time is known, counted from the submission; then each interval. Never empty. */
  readonly coldStartMs: readonly number[];
  /** How long a solution is usable; null where it never expires. */
  readonly lifetimeMs: number | null;
}

/** What there was of polls of one id. Ages in ms since its submission. */
export interface PollHistory {
  /** Polls that were sent, with those that an earlier run may have sent. */
  readonly pollCount: number;
  /** When the latest poll of this run was sent, and when it was over; null before the first. */
  readonly latest: { readonly sentMs: number; readonly endedMs: number } | null;
  /** How many polls in a row have failed, the latest included. */
  readonly faultsInARow: number;
  /** What the service asked for with the latest fault, in ms; null for nothing. */
  readonly retryAfterMs: number | null;
}

/** An id at a moment. Ages in ms since its submission. */
export interface PolledId {
  readonly ageMs: number;
  /** Its age at the deadline of its task. */
  readonly deadlineMs: number;
  /** An earlier run submitted it. */
  readonly isResumed: boolean;
  /** The ages at which it is to be polled, in ascending order; beyond the last one each interval. */
  readonly planMs: readonly number[];
}

/** An id may be so many polls ahead of one poll each interval. */
export const pollsInHand = 2;
/** Two polls of one id are never closer, unless the interval is shorter. */
const shortestGapMs = 1_000;
/** Ages are differences of clock readings: of a poll and its moment in the plan, they may differ by a rounding. */
const sameMomentMs = 0.5;
/** Intervals grow to this while polls fail. */
const maxIntervalMs = 30_000;
/** The last look is taken so long before the deadline, so that a paid solution is not left lying. */
const lastLookMs = 1_000;
/** Polls of tasks that were submitted together must not stay in step: waits are spread over this share of themselves. */
const waitJitter = 0.1;
/** What the pacing rule holds back until the same moment is spread over this share of the interval. */
const heldJitter = 0.01;

/** The shortest time between two polls of one id. */
export const minGapMs = (intervalMs: number): number => Math.min(shortestGapMs, intervalMs);

/**
 * The pacing rule: by any age t an id has been polled at most `2 + floor(t / interval)` times, and two polls of it are at
 * least one second apart (or an interval, where that is shorter). Answers the age from which it may be polled again.
 */
export function earliestPollMs({ pollCount, latest }: Pick<PollHistory, 'pollCount' | 'latest'>, intervalMs: number) {
  const grantedMs = Math.max(0, pollCount + 1 - pollsInHand) * intervalMs;
  return latest === null ? grantedMs : Math.max(grantedMs, latest.endedMs + minGapMs(intervalMs));
}

/**
 * The polls that an id of this age counts as sent when another run goes on with it: one less than the rule grants, so
 * that it is polled at once, and then as though the earlier run had used every poll it could. Of an id whose age is not
 * known (null) none: it is taken to be new, which it is not.
 */
export function pollsOfEarlierRun(ageMs: number | null, intervalMs: number): number {
  if (ageMs === null) return 0;
  return pollsInHand - 1 + (intervalMs > 0 ? Math.floor(ageMs / intervalMs) : 0);
}

/** A plan for one id: all of its waits are longer, or shorter, by the same share, so that the ids are not in step. */
export function jitteredPlan(planMs: readonly number[], random: Random): readonly number[] {
  const share = around(1, random);
  return planMs.map((ms) => ms * share);
}

/** A wait that is as often longer as it is shorter. */
const around = (waitMs: number, random: Random): number => waitMs * (1 + waitJitter * (random.next() - 0.5));

/** When the id would be polled if there were neither rule nor deadline. */
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

/** The last look, where the rule lets it be taken in time. */
function lastLook(id: PolledId, earliestMs: number, askedMs: number): number | null {
  const ms = Math.max(id.deadlineMs - lastLookMs, earliestMs);
  return ms >= id.ageMs && ms > askedMs && ms < id.deadlineMs ? ms : null;
}

/**
 * How long to wait before the next poll, in ms, or null where no poll is worth sending before the deadline. Never sooner
 * than the service asked for, and never sooner than the pacing rule allows. The last poll that the rule allows before
 * the deadline is the last look.
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
  // What was paid for is looked at once, however little time is left.
  if (latest === null && retryAfterMs === null && deadlineMs > ageMs && nextMs >= deadlineMs && earliestMs <= ageMs)
    return 0;
  return nextMs < deadlineMs ? Math.max(0, nextMs - ageMs) : null;
}
