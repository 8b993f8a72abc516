/*
 * How processes share this state. The log puts all entries in one order, and every process applies all of them.
 *
 *   process A --append--> +-----------+ --apply--> ResilienceState of A --reply--> A
 *                         | host log  |
 *   process B --append--> +-----------+ --apply--> ResilienceState of B --reply--> B
 *
 * What an entry changes:
 *
 *   withdraw                           retry budget    takes or reserves a token, or is refused
 *   tally                              retry budget    deposits for accepted submissions; adds to the counts
 *   enter                              breaker         asks for a permit
 *   verdict                            breaker         records the result of submissions
 *   quiet                              Retry-After     extends the wait, never shortens it
 *   turn                               free thread     takes the next turn to ask for one
 *   spend, fleet-*                     remote lease    tokens of a budget in Redis
 *   hold, release                      hold            stops all submissions, lets them continue
 *   limits, submit, unsubmit           limits          adds limits; counts a submission, takes the count back
 *   configure, reset                   everything      see below
 *
 * The settings in use:
 *
 *               any entry but configure
 *           +------------------------------+
 *           v                              |
 *   +--> in use --idleAfterMs without---> idle --configure (other settings)--+
 *   |       |     such an entry            |                                 |
 *   |       +------------- reset ----------+--------> restart: full bucket, <+
 *   |                                                 closed breaker, next epoch
 *   +-----------------------------------------------------+
 */

import type { AcquireResult, Logged, LogState, Permit, CallResult, Withdrawal } from '../../ports/state.ts';
import type { CountResult, SubmissionLimit } from '../../ports/submissions.ts';
import { type BreakerOptions, type BreakerSnapshot, CircuitBreaker } from './circuit-breaker.ts';
import { type FleetEntry, type SyncRequest, RemoteLease, type RemoteLeaseSnapshot } from './remote-lease.ts';
import { type RetryBudgetOptions, type RetryBudgetSnapshot, RetryBudgetState } from './retry-budget.ts';
import { type RulesEntry, SubmissionRules, type SubmissionRulesSnapshot } from './submission-rules.ts';

/** The keys `budget.*` and `breaker.*` that a log holds for all its writers. */
export interface ResilienceOptions {
  readonly budget: RetryBudgetOptions;
  readonly breaker: BreakerOptions;
  /** For `reset`. Entries of versions before limits leave them out, which changes no limit. */
  readonly limits?: readonly SubmissionLimit[];
}

/** The log entries about retries and about the service. Plain JSON. */
export type StateCommand =
  | FleetEntry
  | RulesEntry
  /** Requests a token; `maxWaitMs: null` waits without limit. `fault`: what the retry is for. */
  | { readonly type: 'withdraw'; readonly maxWaitMs: number | null; readonly task: string; readonly fault?: string }
  /** Requests permission to submit, when the breaker does not admit every caller. */
  | { readonly type: 'enter' }
  | {
      readonly type: 'verdict';
      readonly pass: Permit;
      readonly verdict: CallResult;
      readonly jitter: number;
      readonly count: number;
    }
  /** Collected results of one process; `task` is the last task among them, `fault` what its retry was for. */
  | {
      readonly type: 'tally';
      readonly accepted: number;
      readonly budgetRefused: number;
      readonly breakerRefused: number;
      readonly task: string;
      readonly fault?: string;
    }
  /** The service asked for a pause of `ms` (`Retry-After`). */
  | { readonly type: 'quiet'; readonly ms: number }
  /** Takes a turn to ask for a free thread. `isRefused`: the service has just said that all are busy. */
  | { readonly type: 'turn'; readonly isRefused: boolean }
  /** Proposes other options; they take effect if the log has been idle for `idleAfterMs`. */
  | { readonly type: 'configure'; readonly options: ResilienceOptions }
  /** Resets the state to these options. */
  | { readonly type: 'reset'; readonly options: ResilienceOptions };

/** How long to wait for a turn, in ms. */
interface Turn {
  readonly turnInMs: number;
}

export type StateReply = Withdrawal | AcquireResult | SyncRequest | Turn | CountResult | null;

/** The type of the answer to an entry. */
export type AnswerTo<Entry extends StateCommand> = Entry extends { readonly type: 'withdraw' | 'spend' }
  ? Withdrawal
  : Entry extends { readonly type: 'enter' }
    ? AcquireResult
    : Entry extends { readonly type: 'fleet-talk' }
      ? SyncRequest
      : Entry extends { readonly type: 'turn' }
        ? Turn
        : Entry extends { readonly type: 'submit' }
          ? CountResult
          : null;

/** Counts since the last reset. */
export interface ResilienceCounts {
  readonly accepted: number;
  readonly granted: number;
  readonly budgetRefused: number;
  readonly breakerRefused: number;
}

/** The complete state. Plain JSON. */
export interface ResilienceSnapshot {
  readonly options: ResilienceOptions;
  readonly latestMs: number;
  readonly usedMs: number;
  readonly quietUntilMs: number;
  /** Left out by versions before turns. */
  readonly turns?: { readonly nextMs: number; readonly refusedMs: number };
  readonly counts: ResilienceCounts;
  readonly budget: RetryBudgetSnapshot;
  readonly breaker: BreakerSnapshot;
  readonly fleet: RemoteLeaseSnapshot;
  /** Left out by versions before the hold and limits. */
  readonly rules?: SubmissionRulesSnapshot;
}

/** After this idle time the options of the next process apply: no process relies on the old ones any more. */
const idleAfterMs = 600_000;
/** The time between two turns. Some services ban an account that is refused a thread more often than 120 times a minute. */
const turnGapMs = 600;
/** Turns of processes that have ended must not keep others waiting for longer. */
const maxTurnWaitMs = 15_000;
/** This time after the latest refusal, threads are taken to be free again. */
const refusalHoldsMs = 2_000;
const noTurns = { nextMs: 0, refusedMs: 0 };
const noCounts: ResilienceCounts = { accepted: 0, granted: 0, budgetRefused: 0, breakerRefused: 0 };

/**
 * The retry budget, the breaker and the cooldown of all processes that share a log, computed from its entries.
 *
 * Entries are applied in log order; a time earlier than the latest one counts as the latest. Writers read the clock
 * before they append, so a token is never charged at a time later than its grant.
 */
export class ResilienceState implements LogState<StateCommand, StateReply> {
  #options: ResilienceOptions;
  #budget: RetryBudgetState;
  #breaker: CircuitBreaker;
  readonly #fleet = new RemoteLease();
  readonly #rules = new SubmissionRules();
  #counts = noCounts;
  #latestMs: number;
  /** Time of the last entry other than `configure`. */
  #usedMs: number;
  #quietUntilMs = 0;
  #turns: { readonly nextMs: number; readonly refusedMs: number } = noTurns;

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

  /** Read-only; only entries change it. */
  get breaker(): Pick<CircuitBreaker, 'state' | 'changes' | 'peek' | 'inFlight' | 'counts' | 'outage'> {
    return this.#breaker;
  }

  /** Read-only; only entries change it. */
  get budget(): Pick<RetryBudgetState, 'balance' | 'waitForTokenMs'> {
    return this.#budget;
  }

  /** Read-only. Empty unless the budget belongs to a fleet. */
  get fleet(): Omit<RemoteLease, 'apply' | 'restore'> {
    return this.#fleet;
  }

  /** Read-only; only entries change it. */
  get rules(): Omit<SubmissionRules, 'apply' | 'replace' | 'restore'> {
    return this.#rules;
  }

  /** The counts that the fleet has not received. */
  get owed(): SyncRequest {
    return this.#fleet.owed(this.#unsynced());
  }

  /** End of the pause that the service asked for; it may be in the past. */
  get quietUntilMs(): number {
    return this.#quietUntilMs;
  }

  /** True if all threads of the account were busy a moment ago, and tasks wait for their turns to ask for one. */
  areTurnsTaken(nowMs: number): boolean {
    return this.#turns.nextMs > nowMs && nowMs - this.#turns.refusedMs < refusalHoldsMs;
  }

  /** The time of the latest entry. */
  get latestMs(): number {
    return this.#latestMs;
  }

  /** True if the next process may choose the options. */
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
      turns: this.#turns,
      counts: this.#counts,
      budget: this.#budget.snapshot(),
      breaker: this.#breaker.snapshot(),
      fleet: this.#fleet.snapshot(),
      rules: this.#rules.snapshot(),
    };
  }

  restore(snapshot: object): void {
    const { options, latestMs, usedMs, quietUntilMs, turns, counts, budget, breaker, fleet, rules } =
      snapshot as ResilienceSnapshot;
    this.#options = options;
    this.#latestMs = latestMs;
    this.#usedMs = usedMs;
    this.#quietUntilMs = quietUntilMs;
    this.#turns = turns ?? noTurns;
    this.#counts = counts;
    this.#budget = new RetryBudgetState(options.budget, latestMs);
    this.#budget.restore(budget);
    this.#breaker = new CircuitBreaker(options.breaker);
    this.#breaker.restore(breaker);
    this.#fleet.restore(fleet);
    this.#rules.restore(rules);
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
      case 'turn':
        return this.#takeTurn(entry.isRefused, nowMs);
      case 'configure':
        if (this.isIdle(nowMs)) this.#startAnew(entry.options, nowMs);
        return null;
      case 'reset':
        this.#startAnew(entry.options, nowMs);
        if (entry.options.limits !== undefined) this.#rules.replace(entry.options.limits);
        return null;
      case 'fleet-talk':
      case 'fleet-heard':
      case 'fleet-granted':
      case 'fleet-away':
      case 'spend':
        return this.#answerFleet(entry, nowMs);
      case 'hold':
      case 'release':
      case 'limits':
      case 'submit':
      case 'unsubmit':
        return this.#rules.apply(entry, nowMs);
    }
  }

  #answerFleet(entry: FleetEntry, nowMs: number): StateReply {
    const answer = this.#fleet.apply(entry, this.#unsynced(), nowMs);
    const isSpent = answer !== null && 'granted' in answer && answer.granted;
    if (isSpent || entry.type === 'fleet-granted') this.#count('granted', 1);
    if (entry.type === 'fleet-heard') this.#count('budgetRefused', entry.refused);
    return answer;
  }

  #takeTurn(isRefused: boolean, nowMs: number): Turn {
    const turnMs = Math.min(Math.max(this.#turns.nextMs, nowMs) + turnGapMs, nowMs + maxTurnWaitMs);
    this.#turns = { nextMs: turnMs, refusedMs: isRefused ? nowMs : this.#turns.refusedMs };
    return { turnInMs: turnMs - nowMs };
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
    // Permits from before the reset must not affect the new state.
    this.#breaker.restore({ ...this.#breaker.snapshot(), epoch: epoch + 1 });
    this.#fleet.restore();
    this.#counts = noCounts;
    this.#usedMs = nowMs;
    this.#quietUntilMs = 0;
    this.#turns = noTurns;
  }
}
