import type { SolverEvent } from '../../domain/events.ts';
import { describeFault, type Fault, ProviderFault } from '../../domain/fault.ts';
import type { Solution } from '../../domain/outcome.ts';
import type { PollAnswer, SolverApi } from '../../ports/api.ts';
import type { SolveTime } from '../../ports/state.ts';
import type { Clock, Random } from '../../ports/system.ts';
import { jitteredPlan, type PollHistory, type PollTiming, pollsOfEarlierRun, waitForPollMs } from './poll-pacing.ts';

/** The fault of an error that a call to the service threw. Rethrows other errors, which are bugs. */
export function thrownFault(error: unknown): Fault {
  if (error instanceof ProviderFault) return error.fault;
  throw error;
}

/** A paid id whose solution is wanted. */
export interface PollRequest {
  readonly captchaId: string;
  readonly timing: PollTiming;
  /** The ages at which to poll, in ms since the submission; beyond the last one each interval. */
  readonly planMs: readonly number[];
  /**
   * The age of an id that an earlier run submitted, in ms; null if unknown. Such a solution may have been ready since the
   * submission. Left out for an id that was just submitted.
   */
  readonly resumedAgeMs?: number | null;
  /** On the monotonic clock. */
  readonly deadlineAtMs: number;
  readonly report: (event: PollEvent) => void;
}

type PollEventOf<T extends SolverEvent['type']> = Omit<Extract<SolverEvent, { type: T }>, 'taskId' | 'attempt'>;
export type PollEvent = PollEventOf<'polling'> | PollEventOf<'not-ready'> | PollEventOf<'poll-fault'>;

export interface PollSuccess {
  readonly solution: Solution;
  /** The earliest time at which the solution may have been ready (the previous poll), in epoch ms. */
  readonly solvedAt: number;
  readonly solveTime: SolveTime;
}

export interface PollResult {
  readonly end: PollSuccess | { readonly fault: Fault };
  /** Round trips of the answered polls, in ms. */
  readonly pollMs: readonly number[];
  readonly pollFaultCount: number;
}

export interface PollDeps {
  readonly api: SolverApi;
  readonly clock: Clock;
  readonly random: Random;
}

/** Faults that say nothing about the id: it is polled again and never paid for again. */
function isPassing({ kind }: Fault): boolean {
  return kind === 'transport' || kind === 'timeout' || kind === 'throttled' || kind === 'local';
}

class Collection {
  readonly #pollRequest: PollRequest;
  readonly #deps: PollDeps;
  readonly #pollMs: number[] = [];
  #pollFaultCount = 0;
  #pollCount = 0;
  #latest: PollHistory['latest'] = null;
  #faultsInARow = 0;
  #retryAfterMs: number | null = null;
  #lastFault: Fault | null = null;
  /** On the monotonic clock. */
  readonly #submittedMs: number;
  readonly #planMs: readonly number[];
  /** The age at which the solution was last seen as not ready; 0 before the first poll. */
  #notReadyMs = 0;

  constructor(pollRequest: PollRequest, deps: PollDeps) {
    this.#pollRequest = pollRequest;
    this.#deps = deps;
    const { resumedAgeMs, planMs, timing } = pollRequest;
    this.#submittedMs = deps.clock.nowMs() - (resumedAgeMs ?? 0);
    this.#planMs = jitteredPlan(planMs, deps.random);
    if (resumedAgeMs !== undefined) this.#pollCount = pollsOfEarlierRun(resumedAgeMs, timing.intervalMs);
  }

  async run(): Promise<PollResult> {
    for (let isFirst = true; ; isFirst = false) {
      const waitMs = this.#waitMs();
      if (waitMs === null) return this.#finish({ fault: this.#outOfTime() });
      if (isFirst) this.#pollRequest.report({ type: 'polling', captchaId: this.#pollRequest.captchaId, inMs: waitMs });
      await this.#deps.clock.sleep(waitMs);
      const sentMs = this.#ageMs();
      const answer = await this.#poll();
      this.#latest = { sentMs, endedMs: this.#ageMs() };
      const end = this.#take(answer, this.#latest);
      if (end !== null) return this.#finish(end);
    }
  }

  #timeLeftMs(): number {
    return this.#pollRequest.deadlineAtMs - this.#deps.clock.nowMs();
  }

  #ageMs(): number {
    return this.#deps.clock.nowMs() - this.#submittedMs;
  }

  #waitMs(): number | null {
    const { timing, deadlineAtMs, resumedAgeMs } = this.#pollRequest;
    const id = {
      ageMs: this.#ageMs(),
      deadlineMs: deadlineAtMs - this.#submittedMs,
      isResumed: resumedAgeMs !== undefined,
      planMs: this.#planMs,
    };
    const history = {
      pollCount: this.#pollCount,
      latest: this.#latest,
      faultsInARow: this.#faultsInARow,
      retryAfterMs: this.#retryAfterMs,
    };
    return waitForPollMs(timing, id, history, this.#deps.random);
  }

  #poll(): Promise<PollAnswer | Fault> {
    this.#pollCount += 1;
    return this.#deps.api.poll(this.#pollRequest.captchaId, { timeLeftMs: this.#timeLeftMs() }).catch(thrownFault);
  }

  /** Handles the answer of a poll. Returns the end of the collection, or null if it continues. */
  #take(
    answer: PollAnswer | Fault,
    { sentMs, endedMs }: { sentMs: number; endedMs: number },
  ): PollResult['end'] | null {
    if ('kind' in answer) {
      if (!isPassing(answer)) return { fault: answer };
      this.#recordFault(answer);
      return null;
    }
    this.#recordAnswer(endedMs - sentMs);
    if (answer.ready) {
      const solvedAt = this.#deps.clock.timestamp() - (endedMs - this.#notReadyMs);
      return { solution: answer.solution, solvedAt, solveTime: { notReadyMs: this.#notReadyMs, readyMs: sentMs } };
    }
    this.#notReadyMs = sentMs;
    this.#pollRequest.report({ type: 'not-ready', captchaId: this.#pollRequest.captchaId });
    return null;
  }

  #recordAnswer(roundTripMs: number): void {
    this.#pollMs.push(roundTripMs);
    this.#faultsInARow = 0;
    this.#retryAfterMs = null;
    this.#lastFault = null;
  }

  #recordFault(fault: Fault): void {
    this.#pollFaultCount += 1;
    this.#faultsInARow += 1;
    this.#retryAfterMs = fault.retryAfterMs;
    this.#lastFault = fault;
    this.#pollRequest.report({ type: 'poll-fault', captchaId: this.#pollRequest.captchaId, fault });
  }

  #outOfTime(): Fault {
    const why = this.#lastFault === null ? '' : `; the last poll failed: ${this.#lastFault.message}`;
    const message = `not solved in time; ${this.#pollRequest.captchaId} is paid for and may still be solved${why}`;
    return describeFault({ kind: 'timeout', message, retryAfterMs: this.#retryAfterMs });
  }

  #finish(end: PollResult['end']): PollResult {
    return { end, pollMs: this.#pollMs, pollFaultCount: this.#pollFaultCount };
  }
}

/** Polls one id until it is solved, the service gives up, or the time is over. Never submits. */
export function pollUntilDone(pollRequest: PollRequest, deps: PollDeps): Promise<PollResult> {
  return new Collection(pollRequest, deps).run();
}
