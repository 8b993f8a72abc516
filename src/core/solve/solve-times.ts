import type { PollTiming } from './poll-schedule.ts';

/** Enough to tell a fifth from noise, few enough to follow a service that becomes slower. */
const sampleSize = 64;
const smallestSample = 16;
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
export class SolveTimes {
  readonly #byMethod = new Map<string, Sample>();

  /** `unreadyMs`: how long after its submission a task that was solved in the end was last seen unsolved (0: never). */
  record(method: string, unreadyMs: number): void {
    const sample = this.#byMethod.get(method) ?? { byAge: [], byLength: [] };
    this.#byMethod.set(method, sample);
    const { byAge, byLength } = sample;
    byAge.push(unreadyMs);
    // Kept sorted: to sort anew for every task is much of what a task costs.
    byLength.splice(byLength.findLastIndex((ms) => ms <= unreadyMs) + 1, 0, unreadyMs);
    if (byAge.length > sampleSize) byLength.splice(byLength.indexOf(byAge.shift() ?? 0), 1);
  }

  /** The method's timing with what was learnt. */
  learnt(method: string, usual: PollTiming): PollTiming {
    const { byLength } = this.#byMethod.get(method) ?? { byLength: [] };
    if (byLength.length < smallestSample) return usual;
    const earlyMs = byLength[Math.floor(byLength.length * earlyShare)] ?? 0;
    return earlyMs <= usual.firstWaitMs ? usual : { ...usual, firstWaitMs: earlyMs };
  }
}
