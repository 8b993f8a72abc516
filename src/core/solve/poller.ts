import type { SolverEvent } from '../../domain/events.ts';
import { describeFault, type Fault, ProviderFault } from '../../domain/fault.ts';
import type { Solution } from '../../domain/outcome.ts';
import type { PollAnswer, SolverApi } from '../../ports/api.ts';
import type { Clock, Random } from '../../ports/system.ts';
import { type PollTiming, waitForPollMs } from './poll-schedule.ts';

/** The fault that a call to the service has thrown. Throws what is none: a bug, which keeps its stack. */
export function thrownFault(error: unknown): Fault {
  if (error instanceof ProviderFault) return error.fault;
  throw error;
}

/** An id that was paid for and whose solution is wanted. */
export interface PollRequest {
  readonly captchaId: string;
  readonly timing: PollTiming;
  /**
   * How long before the collection an id of an earlier run was submitted, in ms. Nobody knows of a look in that time: what
   * is there at the first one may have been there since the submission. Left out where the id was submitted just now.
   */
  readonly sinceLastPollMs?: number;
  /** On the monotonic clock. */
  readonly deadlineAtMs: number;
  readonly report: (event: PollEvent) => void;
}

type PollEventOf<T extends SolverEvent['type']> = Omit<Extract<SolverEvent, { type: T }>, 'taskId' | 'attempt'>;
export type PollEvent = PollEventOf<'not-ready'> | PollEventOf<'poll-fault'>;

export interface PollSuccess {
  readonly solution: Solution;
  /** Wall clock, epoch ms: the earliest moment that the service may have had the answer. */
  readonly solvedAt: number;
  /** How long after the collection began the answer was last seen not to be there, in ms; 0 where it never was. */
  readonly notReadyMs: number;
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

/** Faults that say nothing about the id: it is looked at again, never paid for again. */
function isPassing({ kind }: Fault): boolean {
  return kind === 'transport' || kind === 'timeout' || kind === 'throttled';
}

class Collection {
  readonly #pollRequest: PollRequest;
  readonly #deps: PollDeps;
  readonly #pollMs: number[] = [];
  #pollFaultCount = 0;
  #pollCount = 0;
  #faultsInARow = 0;
  #retryAfterMs: number | null = null;
  #lastFault: Fault | null = null;
  readonly #startedMs: number;
  /** When the answer was last not there: at the submission, before any look. */
  #previousPollMs: number;

  constructor(pollRequest: PollRequest, deps: PollDeps) {
    this.#pollRequest = pollRequest;
    this.#deps = deps;
    this.#startedMs = deps.clock.nowMs();
    this.#previousPollMs = this.#startedMs - (pollRequest.sinceLastPollMs ?? 0);
  }

  async run(): Promise<PollResult> {
    for (;;) {
      const waitMs = this.#waitMs();
      if (waitMs === null) return this.#finish({ fault: this.#outOfTime() });
      await this.#deps.clock.sleep(waitMs);
      const sentMs = this.#deps.clock.nowMs();
      const end = this.#take(await this.#poll(), sentMs);
      if (end !== null) return this.#finish(end);
    }
  }

  #timeLeftMs(): number {
    return this.#pollRequest.deadlineAtMs - this.#deps.clock.nowMs();
  }

  #waitMs(): number | null {
    const context = {
      pollCount: this.#pollCount,
      faultsInARow: this.#faultsInARow,
      retryAfterMs: this.#retryAfterMs,
      timeLeftMs: this.#timeLeftMs(),
    };
    return waitForPollMs(this.#pollRequest.timing, context, this.#deps.random);
  }

  #poll(): Promise<PollAnswer | Fault> {
    this.#pollCount += 1;
    return this.#deps.api.poll(this.#pollRequest.captchaId, { timeLeftMs: this.#timeLeftMs() }).catch(thrownFault);
  }

  /** What came of a poll: how the collection ends, or null where it goes on. */
  #take(answer: PollAnswer | Fault, sentMs: number): PollResult['end'] | null {
    if ('kind' in answer) {
      if (!isPassing(answer)) return { fault: answer };
      this.#recordFault(answer);
      return null;
    }
    const solvedAt = this.#solvedAt();
    this.#recordAnswer(this.#deps.clock.nowMs() - sentMs);
    if (answer.ready) return { solution: answer.solution, solvedAt, notReadyMs: this.#notReadyMs() };
    this.#previousPollMs = sentMs;
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

  #notReadyMs(): number {
    return Math.max(0, this.#previousPollMs - this.#startedMs);
  }

  /** A solution ages from the moment it was made: an interval ago, or as long as nobody looked or was answered. */
  #solvedAt(): number {
    const { clock } = this.#deps;
    const unseenMs = clock.nowMs() - this.#previousPollMs;
    const isUnwatched = this.#faultsInARow > 0 || this.#previousPollMs < this.#startedMs;
    const ageMs = isUnwatched ? unseenMs : Math.min(this.#pollRequest.timing.intervalMs, unseenMs);
    return clock.timestamp() - ageMs;
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

/** Polls one id until it is solved, given up by the service, or out of time. Never submits. */
export function pollUntilDone(pollRequest: PollRequest, deps: PollDeps): Promise<PollResult> {
  return new Collection(pollRequest, deps).run();
}
