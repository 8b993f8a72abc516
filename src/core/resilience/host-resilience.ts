import { StateLogError } from '../../domain/errors.ts';
import type {
  AcquireResult,
  Breaker,
  BudgetUsage,
  LogState,
  Permit,
  RetryAfterGate,
  RetryBudget,
  SharedLog,
  ThreadTurns,
  CallResult,
  Withdrawal,
  WithdrawRequest,
} from '../../ports/state.ts';
import type { Clock, Random } from '../../ports/system.ts';
import { type BudgetFacts, budgetFactsOf, type FactsRequest } from './budget-facts.ts';
import type { BreakerOptions } from './circuit-breaker.ts';
import {
  type AnswerTo,
  type StateReply,
  type StateCommand,
  type ResilienceOptions,
  ResilienceState,
} from './resilience-state.ts';
import { isSameBudget } from './retry-budget.ts';

type Spender = Pick<WithdrawRequest, 'taskId' | 'fault'>;
type ResultCommand = StateCommand & { readonly type: 'verdict' };

const sameKind = (a: ResultCommand, permit: Permit, result: CallResult): boolean =>
  a.verdict === result && a.pass.epoch === permit.epoch && a.pass.ticket === undefined && permit.ticket === undefined;

/** The task that asks for a token, and why, for the audit. */
export function spender({ taskId, fault }: Spender): { readonly task: string; readonly fault?: string } {
  return { task: taskId, ...(fault !== undefined && { fault }) };
}

/** The unwritten results of a process, summed up: thousands of successes make one entry. */
class PendingEntries {
  #results: ResultCommand[] = [];
  #accepted = 0;
  #budgetRefused = 0;
  #breakerRefused = 0;
  #refused: Spender = { taskId: '' };

  get isEmpty(): boolean {
    return this.#results.length === 0 && this.#accepted + this.#budgetRefused + this.#breakerRefused === 0;
  }

  get budgetRefused(): number {
    return this.#budgetRefused;
  }

  /** Number of accepted submissions that are not written yet; they fund retries once they are. */
  get accepted(): number {
    return this.#accepted;
  }

  accept(): void {
    this.#accepted += 1;
  }

  refuseRetry(spender: Spender): void {
    this.#budgetRefused += 1;
    this.#refused = spender;
  }

  refuseEntry(): void {
    this.#breakerRefused += 1;
  }

  judge(permit: Permit, result: CallResult, jitter: number): void {
    const last = this.#results.at(-1);
    if (last === undefined || !sameKind(last, permit, result)) {
      this.#results.push({ type: 'verdict', pass: permit, verdict: result, jitter, count: 1 });
    } else this.#results.splice(-1, 1, { ...last, count: last.count + 1 });
  }

  /** Returns the pending entries and clears them. */
  take(): readonly StateCommand[] {
    const [accepted, budgetRefused, breakerRefused] = [this.#accepted, this.#budgetRefused, this.#breakerRefused];
    const tally = { type: 'tally', accepted, budgetRefused, breakerRefused, ...spender(this.#refused) } as const;
    const entries = accepted + budgetRefused + breakerRefused > 0 ? [...this.#results, tally] : this.#results;
    this.#results = [];
    [this.#accepted, this.#budgetRefused, this.#breakerRefused, this.#refused] = [0, 0, 0, { taskId: '' }];
    return entries;
  }
}

/** A log of one process: entries are applied and not kept. */
function inMemoryLog<Entry, Answer>(state: LogState<Entry, Answer>, nowMs: () => number): SharedLog<Entry, Answer> {
  return {
    catchUp: () => undefined,
    append: (entries) => entries.map((entry) => state.apply({ entry, atMs: nowMs(), by: '' })),
    isProcessDead: () => false,
    close: () => undefined,
  };
}

export type ResilienceLog = SharedLog<StateCommand, StateReply>;

export interface HostResilienceDeps {
  /** Opens the log and replays it into the state. Throws `StateLogError`. */
  readonly openLog: (state: ResilienceState) => ResilienceLog;
  /** The clock of the log, in ms. */
  readonly nowMs: () => number;
  readonly clock: Clock;
  readonly random: Random;
  /** Warns the user that this process continues on its own, or with other options than configured. */
  readonly warn: (message: string) => void;
}

/** Results that no caller waits for are collected and written at this interval. */
const flushWithinMs = 50;
/** Others wait for the result: it is written together with the other results of this turn only. */
const flushSoonMs = 1;
/** Interval at which a process that has lost the log tries to open it again. */
const reopenEveryMs = 15_000;
/** Minimum interval between two checks whether other holders are alive. */
const readEveryMs = 20;

/** Ignores the lease: it follows from the call timeout, and a difference does no harm. */
function isSameBreaker(a: BreakerOptions, b: BreakerOptions): boolean {
  return (
    a.failureRatio === b.failureRatio &&
    a.minimumThroughput === b.minimumThroughput &&
    a.consecutiveFailures === b.consecutiveFailures &&
    a.samplingDurationMs === b.samplingDurationMs &&
    a.breakDurationMs === b.breakDurationMs &&
    a.maxBreakDurationMs === b.maxBreakDurationMs
  );
}

/**
 * One retry budget, one breaker and one cooldown for all writers of the same log. Refusals are answered from local
 * state; requests are appended, and log order decides. If the log is lost, the process warns, continues on its own from
 * its last state, and tries to open the log again every 15 s. Once that works, the state in the log counts again.
 */
export class HostResilience {
  readonly budget: RetryBudget = {
    deposit: () => this.#deposit(),
    tryWithdraw: (request) => this.#tryWithdraw(request),
    usage: () => this.#usage(),
  };
  readonly breaker: Breaker = {
    tryAcquire: () => this.#tryAcquire(),
    record: (permit, result) => this.#record(permit, result),
    outage: () => this.#state.breaker.outage(this.#nowMs()),
  };
  readonly retryAfterGate: RetryAfterGate = {
    extend: (ms) => void this.#append([{ type: 'quiet', ms }]),
    leftMs: () => this.#quietMs(),
  };
  readonly threadTurns: ThreadTurns = {
    takeTurn: ({ isRefused }) => this.apply({ type: 'turn', isRefused }).turnInMs,
    areTaken: () => {
      this.#catchUp();
      return this.#state.areTurnsTaken(this.#nowMs());
    },
  };
  readonly #options: ResilienceOptions;
  readonly #deps: HostResilienceDeps;
  readonly #state: ResilienceState;
  readonly #pending = new PendingEntries();
  readonly #closed = new AbortController();
  #log: ResilienceLog | null = null;
  /** When to open a lost log again; Infinity while it is not lost. */
  #reopenAtMs = Infinity;
  /** Permits of a time without the log, of which the breaker in the log does not know. */
  readonly #ownPermits = new WeakSet<Permit>();
  #flushAtMs = Infinity;
  #readMs = -Infinity;

  constructor(options: ResilienceOptions, deps: HostResilienceDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#state = new ResilienceState(options, deps.nowMs());
  }

  /** Writes the pending entries and closes the log. Later calls are answered from the last state. */
  close(): void {
    this.#closed.abort();
    this.#reopenAtMs = Infinity;
    this.#report();
    this.#log?.close();
    this.#log = inMemoryLog(this.#state, this.#deps.nowMs);
  }

  /** The state as this process last read it. Read-only. */
  get known(): ResilienceState {
    return this.#state;
  }

  /** The state after all entries so far. Read-only. */
  look(): ResilienceState {
    this.#catchUp();
    return this.#state;
  }

  /** The budget, the breaker and the wait now. `about`: of a fleet, if this host belongs to one. */
  facts(about: Omit<FactsRequest, 'nowMs'>): BudgetFacts {
    return budgetFactsOf(this.look(), { ...about, nowMs: this.#nowMs() });
  }

  /** Appends the entries, after the pending ones. */
  append(entries: readonly StateCommand[]): void {
    this.#append(entries);
  }

  /** Appends the pending entries, then `before`, then `entry`. Returns the answer to `entry`. */
  apply<Entry extends StateCommand>(entry: Entry, before: readonly StateCommand[] = []): AnswerTo<Entry> {
    return this.#append([...before, entry]) as AnswerTo<Entry>;
  }

  /** Records a refused retry. It is written later, together with other entries. */
  refuseRetry(request: Spender): void {
    this.#pending.refuseRetry(request);
    this.#flushWithin(flushWithinMs);
  }

  #tryWithdraw(request: WithdrawRequest): Withdrawal {
    const { onExhausted, maxWaitMs } = request;
    const maxMs = onExhausted === 'wait' ? maxWaitMs : 0;
    this.#catchUp();
    // A pending accepted submission may pay for the token.
    const waitMs = this.#pending.accepted > 0 ? 0 : this.#state.budget.waitForTokenMs(this.#nowMs());
    if (waitMs === Infinity || waitMs > maxMs) {
      this.refuseRetry(request);
      return { granted: false, retryInMs: waitMs === Infinity ? null : waitMs };
    }
    return this.apply({ type: 'withdraw', maxWaitMs: maxMs === Infinity ? null : maxMs, ...spender(request) });
  }

  #usage(): BudgetUsage {
    const { granted, budgetRefused } = this.#state.counts;
    return { scope: 'host', granted, refused: budgetRefused + this.#pending.budgetRefused };
  }

  #tryAcquire(): AcquireResult {
    const result = this.#acquire();
    if (this.#isAlone && result.admitted) this.#ownPermits.add(result.permit);
    return result;
  }

  #acquire(): AcquireResult {
    this.#catchUp();
    const peeked = this.#state.breaker.peek(this.#nowMs());
    if (peeked?.admitted === true) return peeked;
    const released = peeked === null ? [] : this.#abandonedByOthers();
    if (peeked === null || released.length > 0) return this.apply({ type: 'enter' }, released);
    if (peeked.soon !== true) {
      this.#pending.refuseEntry();
      this.#flushWithin(flushWithinMs);
    }
    return peeked;
  }

  /** The results that other processes can no longer report because they were killed or stopped. */
  #abandonedByOthers(): StateCommand[] {
    const nowMs = this.#nowMs();
    if (nowMs - this.#readMs < readEveryMs) return [];
    this.#readMs = nowMs;
    return this.#state.breaker
      .inFlight(nowMs)
      .filter(({ holder }) => this.#log?.isProcessDead(holder))
      .map(({ permit }) => ({ type: 'verdict', pass: permit, verdict: 'abandoned', jitter: 0, count: 1 }));
  }

  #deposit(): void {
    this.#pending.accept();
    this.#flushWithin(flushWithinMs);
  }

  #record(permit: Permit, result: CallResult): void {
    if (result === 'abandoned' && permit.ticket === undefined) return;
    if (!this.#isAlone && this.#ownPermits.has(permit)) return;
    this.#pending.judge(permit, result, this.#deps.random.next());
    if (result === 'failure' || permit.probe) this.#report();
    else this.#flushWithin(permit.ticket === undefined ? flushWithinMs : flushSoonMs);
  }

  #quietMs(): number {
    this.#catchUp();
    return Math.max(0, this.#state.quietUntilMs - this.#nowMs());
  }

  #report(): void {
    this.#flushAtMs = Infinity;
    if (!this.#pending.isEmpty) this.#append([]);
  }

  #flushWithin(ms: number): void {
    const { nowMs, clock } = this.#deps;
    const atMs = nowMs() + ms;
    if (atMs >= this.#flushAtMs) return;
    this.#flushAtMs = atMs;
    void clock.sleep(ms, this.#closed.signal).then(() => {
      if (!this.#closed.signal.aborted) this.#report();
    });
  }

  #nowMs(): number {
    return Math.max(this.#state.latestMs, this.#deps.nowMs());
  }

  get #isAlone(): boolean {
    return this.#reopenAtMs !== Infinity;
  }

  #catchUp(): void {
    this.#reopen();
    this.#use((log) => log.catchUp());
  }

  /** Appends the pending entries, then `entries`. Returns the answer to the last one. */
  #append(entries: readonly StateCommand[]): StateReply {
    this.#reopen();
    const all = [...this.#pending.take(), ...entries];
    return this.#use((log) => log.append(all)).at(-1) ?? null;
  }

  #use<T>(work: (log: ResilienceLog) => T): T {
    try {
      return work((this.#log ??= this.#open()));
    } catch (error) {
      if (!(error instanceof StateLogError)) throw error;
      this.#log?.close();
      this.#log = inMemoryLog(this.#state, this.#deps.nowMs);
      this.#reopenAtMs = this.#deps.nowMs() + reopenEveryMs;
      this.#deps.warn(`${error.message}; this process uses its own retry budget and breaker`);
      return work(this.#log);
    }
  }

  /** Opens a lost log again when it is time. What this process did meanwhile stays unknown to the others. */
  #reopen(): void {
    if (this.#deps.nowMs() < this.#reopenAtMs) return;
    const before = this.#state.snapshot();
    try {
      const log = this.#open();
      this.#pending.take();
      this.#log = log;
      this.#reopenAtMs = Infinity;
      this.#deps.warn('the log works again: this process shares its retry budget and breaker');
    } catch (error) {
      if (!(error instanceof StateLogError)) throw error;
      this.#state.restore(before);
      this.#reopenAtMs = this.#deps.nowMs() + reopenEveryMs;
    }
  }

  #open(): ResilienceLog {
    const log = this.#deps.openLog(this.#state);
    const { budget, breaker } = this.#options;
    const isAgreed = (): boolean =>
      isSameBudget(this.#state.options.budget, budget) && isSameBreaker(this.#state.options.breaker, breaker);
    if (!isAgreed() && this.#state.isIdle(this.#nowMs())) log.append([{ type: 'configure', options: this.#options }]);
    if (!isAgreed()) {
      this.#deps.warn(
        'budget and breaker settings differ from those of other processes on this host: theirs apply until they ' +
          'have not been used for 10 minutes, or until `captcha budget --reset`',
      );
    }
    return log;
  }
}
