import type { PollTiming } from './poll-schedule.ts';

/** Enough to tell a fifth from noise, few enough to follow a service that becomes slower. */
const sampleSize = 64;
const smallestSample = 16;
/** A first poll at this share of the solve times finds the rest not ready, and keeps the early ones waiting briefly. */
const earlyShare = 0.2;

/**
 * Learns from a batch's own solve times when the first poll of a method is worth sending: polls before that are answered
 * "not ready" and only burden the service. It never makes the first wait shorter than the method's own.
 */
export class SolveTimes {
  readonly #byMethod = new Map<string, number[]>();
  /** Worked out when a time is recorded: it is asked for more often. */
  readonly #earlyMs = new Map<string, number>();

  /** `unreadyMs`: how long after its submission a task that was solved in the end was last seen unsolved (0: never). */
  record(method: string, unreadyMs: number): void {
    const sample = this.#byMethod.get(method) ?? [];
    sample.push(unreadyMs);
    this.#byMethod.set(method, sample);
    if (sample.length < smallestSample) return;
    if (sample.length > sampleSize) sample.shift();
    this.#earlyMs.set(method, sample.toSorted((a, b) => a - b)[Math.floor(sample.length * earlyShare)] ?? 0);
  }

  /** The method's timing with what was learnt. */
  learnt(method: string, usual: PollTiming): PollTiming {
    const earlyMs = this.#earlyMs.get(method) ?? 0;
    return earlyMs <= usual.firstWaitMs ? usual : { ...usual, firstWaitMs: earlyMs };
  }
}
