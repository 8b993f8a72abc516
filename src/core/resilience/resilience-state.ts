import type { AcquireResult, Logged, LogState, Permit, CallResult, Withdrawal } from '../../ports/state.ts';
import { type BreakerOptions, type BreakerSnapshot, CircuitBreaker } from './circuit-breaker.ts';
import { type FleetEntry, type SyncRequest, RemoteLease, type RemoteLeaseSnapshot } from './remote-lease.ts';
import { type RetryBudgetOptions, type RetryBudgetSnapshot, RetryBudgetState } from './retry-budget.ts';

/** The keys `budget.*` and `breaker.*` that a log holds for all who write it. */
export interface ResilienceOptions {
  readonly budget: RetryBudgetOptions;
  readonly breaker: BreakerOptions;
}

/** What a process tells all others about retries and about the service. Plain JSON. */
export type StateCommand =
  | FleetEntry
  /** Asks for a token; null waits for ever. */
  | { readonly type: 'withdraw'; readonly maxWaitMs: number | null; readonly task: string }
  /** Asks to submit, where the breaker does not admit everybody. */
  | { readonly type: 'enter' }
  | {
      readonly type: 'verdict';
      readonly pass: Permit;
      readonly verdict: CallResult;
      readonly jitter: number;
      readonly count: number;
    }
  /** What a process did on its own for a while; `task` is the last that it was about. */
  | {
      readonly type: 'tally';
      readonly accepted: number;
      readonly budgetRefused: number;
      readonly breakerRefused: number;
      readonly task: string;
    }
  /** The service asked to be left alone for so long. */
  | { readonly type: 'quiet'; readonly ms: number }
  /** Wants other options, which holds where nobody has written for long. */
  | { readonly type: 'configure'; readonly options: ResilienceOptions }
  /** Starts anew, whatever there was. */
  | { readonly type: 'reset'; readonly options: ResilienceOptions };

export type StateReply = Withdrawal | AcquireResult | SyncRequest | null;

/** What an entry leads to. */
export type AnswerTo<Entry extends StateCommand> = Entry extends { readonly type: 'withdraw' | 'spend' }
  ? Withdrawal
  : Entry extends { readonly type: 'enter' }
    ? AcquireResult
    : Entry extends { readonly type: 'fleet-talk' }
      ? SyncRequest
      : null;

/** What happened since the last reset. */
export interface ResilienceCounts {
  readonly accepted: number;
  readonly granted: number;
  readonly budgetRefused: number;
  readonly breakerRefused: number;
}

/** Where all of it stands. Plain JSON. */
export interface ResilienceSnapshot {
  readonly options: ResilienceOptions;
  readonly latestMs: number;
  readonly usedMs: number;
  readonly quietUntilMs: number;
  readonly counts: ResilienceCounts;
  readonly budget: RetryBudgetSnapshot;
  readonly breaker: BreakerSnapshot;
  readonly fleet: RemoteLeaseSnapshot;
}

/** After so long without an entry the options of whoever comes next hold: nobody is left who counts on the old ones. */
const idleAfterMs = 600_000;
const noCounts: ResilienceCounts = { accepted: 0, granted: 0, budgetRefused: 0, breakerRefused: 0 };

/**
 * The retry budget, the breaker and the cooldown of everybody who shares a log, as what follows from its entries.
 *
 * Entries are taken in the order of the log, and a time earlier than the last one as the last. Writers read the clock
 * before they append, so the time at which a token is charged is never later than the real time of its grant.
 */
export class ResilienceState implements LogState<StateCommand, StateReply> {
  #options: ResilienceOptions;
  #budget: RetryBudgetState;
  #breaker: CircuitBreaker;
  readonly #fleet = new RemoteLease();
  #counts = noCounts;
  #latestMs: number;
  /** When somebody last did more than to ask for other options. */
  #usedMs: number;
  #quietUntilMs = 0;

  constructor(options: ResilienceOptions, nowMs: number) {
    this.#options = options;
    this.#latestMs = nowMs;
    this.#usedMs = nowMs;
    this.#budget = new RetryBudgetState(options.budget, nowMs);
    this.#breaker = new CircuitBreaker(options.breaker);
  }

  get options(): ResilienceOptions {
    return this.#options;
  }

  get counts(): ResilienceCounts {
    return this.#counts;
  }

  /** For reading only: what changes it is an entry. */
  get breaker(): Pick<CircuitBreaker, 'state' | 'peek' | 'inFlight' | 'counts' | 'outage'> {
    return this.#breaker;
  }

  /** For reading only: what changes it is an entry. */
  get budget(): Pick<RetryBudgetState, 'balance' | 'waitForTokenMs'> {
    return this.#budget;
  }

  /** For reading only. Nothing is in it where the budget is not a fleet's. */
  get fleet(): Omit<RemoteLease, 'apply' | 'restore'> {
    return this.#fleet;
  }

  /** What the fleet has not been told. */
  get owed(): SyncRequest {
    return this.#fleet.owed(this.#unsynced());
  }

  /** Until when the service asked to be left alone; it may be over. */
  get quietUntilMs(): number {
    return this.#quietUntilMs;
  }

  /** The time of the latest entry. */
  get latestMs(): number {
    return this.#latestMs;
  }

  /** Whether the options are anybody's to choose. */
  isIdle(nowMs: number): boolean {
    return nowMs - this.#usedMs >= idleAfterMs;
  }

  apply({ entry, atMs, by }: Logged<StateCommand>): StateReply {
    this.#latestMs = Math.max(this.#latestMs, atMs);
    const nowMs = this.#latestMs;
    const answer = this.#answer(entry, by, nowMs);
    if (entry.type !== 'configure') this.#usedMs = nowMs;
    return answer;
  }

  snapshot(): ResilienceSnapshot {
    return {
      options: this.#options,
      latestMs: this.#latestMs,
      usedMs: this.#usedMs,
      quietUntilMs: this.#quietUntilMs,
      counts: this.#counts,
      budget: this.#budget.snapshot(),
      breaker: this.#breaker.snapshot(),
      fleet: this.#fleet.snapshot(),
    };
  }

  restore(snapshot: object): void {
    const { options, latestMs, usedMs, quietUntilMs, counts, budget, breaker, fleet } = snapshot as ResilienceSnapshot;
    this.#options = options;
    this.#latestMs = latestMs;
    this.#usedMs = usedMs;
    this.#quietUntilMs = quietUntilMs;
    this.#counts = counts;
    this.#budget = new RetryBudgetState(options.budget, latestMs);
    this.#budget.restore(budget);
    this.#breaker = new CircuitBreaker(options.breaker);
    this.#breaker.restore(breaker);
    this.#fleet.restore(fleet);
  }

  #answer(entry: StateCommand, by: string, nowMs: number): StateReply {
    switch (entry.type) {
      case 'withdraw':
        return this.#withdraw(entry.maxWaitMs ?? Infinity, nowMs);
      case 'enter':
        return this.#breaker.tryAcquire(nowMs, by);
      case 'verdict':
        this.#breaker.record(entry.pass, entry.verdict, { nowMs, jitter: entry.jitter, count: entry.count });
        return null;
      case 'tally':
        this.#applyTally(entry, nowMs);
        return null;
      case 'quiet':
        this.#quietUntilMs = Math.max(this.#quietUntilMs, nowMs + entry.ms);
        return null;
      case 'configure':
        if (this.isIdle(nowMs)) this.#startAnew(entry.options, nowMs);
        return null;
      case 'reset':
        this.#startAnew(entry.options, nowMs);
        return null;
      case 'fleet-talk':
      case 'fleet-heard':
      case 'fleet-granted':
      case 'fleet-away':
      case 'spend':
        return this.#answerFleet(entry, nowMs);
    }
  }

  #answerFleet(entry: FleetEntry, nowMs: number): StateReply {
    const answer = this.#fleet.apply(entry, this.#unsynced(), nowMs);
    const isSpent = answer !== null && 'granted' in answer && answer.granted;
    if (isSpent || entry.type === 'fleet-granted') this.#count('granted', 1);
    if (entry.type === 'fleet-heard') this.#count('budgetRefused', entry.refused);
    return answer;
  }

  #unsynced(): SyncRequest {
    return { accepted: this.#counts.accepted, refused: this.#counts.budgetRefused };
  }

  #count(what: keyof ResilienceCounts, times: number): void {
    this.#counts = { ...this.#counts, [what]: this.#counts[what] + times };
  }

  #withdraw(maxWaitMs: number, nowMs: number): Withdrawal {
    const { granted, waitMs } = this.#budget.tryWithdraw(maxWaitMs, nowMs);
    this.#count(granted ? 'granted' : 'budgetRefused', 1);
    if (granted) return { granted, waitMs, balance: this.#budget.balance(nowMs) };
    return { granted, retryInMs: waitMs === Infinity ? null : waitMs };
  }

  #applyTally(entry: StateCommand & { type: 'tally' }, nowMs: number): void {
    const { granted, accepted, budgetRefused, breakerRefused } = this.#counts;
    this.#budget.deposit(nowMs, entry.accepted);
    this.#counts = {
      granted,
      accepted: accepted + entry.accepted,
      budgetRefused: budgetRefused + entry.budgetRefused,
      breakerRefused: breakerRefused + entry.breakerRefused,
    };
  }

  #startAnew(options: ResilienceOptions, nowMs: number): void {
    const { epoch } = this.#breaker.snapshot();
    this.#options = options;
    this.#budget = new RetryBudgetState(options.budget, nowMs);
    this.#breaker = new CircuitBreaker(options.breaker);
    // Passes of before must not speak about what begins now.
    this.#breaker.restore({ ...this.#breaker.snapshot(), epoch: epoch + 1 });
    this.#fleet.restore();
    this.#counts = noCounts;
    this.#usedMs = nowMs;
    this.#quietUntilMs = 0;
  }
}
