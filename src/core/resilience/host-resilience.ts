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
  CallResult,
  Withdrawal,
  WithdrawRequest,
} from '../../ports/state.ts';
import type { Clock, Random } from '../../ports/system.ts';
import type { BreakerOptions } from './circuit-breaker.ts';
import {
  type AnswerTo,
  type StateReply,
  type StateCommand,
  type ResilienceOptions,
  ResilienceState,
} from './resilience-state.ts';
import { isSameBudget } from './retry-budget.ts';

type ResultCommand = StateCommand & { readonly type: 'verdict' };

const sameKind = (a: ResultCommand, pass: Permit, result: CallResult): boolean =>
  a.verdict === result && a.pass.epoch === pass.epoch && a.pass.ticket === undefined && pass.ticket === undefined;

/** What a process has still to write, summed up: thousands of successes make one entry. */
class PendingEntries {
  #results: ResultCommand[] = [];
  #accepted = 0;
  #budgetRefused = 0;
  #breakerRefused = 0;
  #task = '';

  get isEmpty(): boolean {
    return this.#results.length === 0 && this.#accepted + this.#budgetRefused + this.#breakerRefused === 0;
  }

  get budgetRefused(): number {
    return this.#budgetRefused;
  }

  /** Submissions that were accepted, and fund retries once they are told. */
  get accepted(): number {
    return this.#accepted;
  }

  accept(): void {
    this.#accepted += 1;
  }

  refuseRetry(task: string): void {
    this.#budgetRefused += 1;
    this.#task = task;
  }

  refuseEntry(): void {
    this.#breakerRefused += 1;
  }

  judge(pass: Permit, result: CallResult, jitter: number): void {
    const last = this.#results.at(-1);
    if (last === undefined || !sameKind(last, pass, result)) {
      this.#results.push({ type: 'verdict', pass, verdict: result, jitter, count: 1 });
    } else this.#results.splice(-1, 1, { ...last, count: last.count + 1 });
  }

  /** Hands over what is to be told, and forgets it. */
  take(): readonly StateCommand[] {
    const [accepted, budgetRefused, breakerRefused] = [this.#accepted, this.#budgetRefused, this.#breakerRefused];
    const tally = { type: 'tally', accepted, budgetRefused, breakerRefused, task: this.#task } as const;
    const entries = accepted + budgetRefused + breakerRefused > 0 ? [...this.#results, tally] : this.#results;
    this.#results = [];
    [this.#accepted, this.#budgetRefused, this.#breakerRefused, this.#task] = [0, 0, 0, ''];
    return entries;
  }
}

/** A log that nobody shares: its entries are applied and forgotten. */
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
  /** Opens the log and brings the state up to it. Throws `StateLogError`. */
  readonly openLog: (state: ResilienceState) => ResilienceLog;
  /** The clock of the log, in ms. */
  readonly nowMs: () => number;
  readonly clock: Clock;
  readonly random: Random;
  /** Tells a person why this process goes on alone, or by other options than its own. */
  readonly warn: (message: string) => void;
}

/** What nobody waits for is told together with what follows within so long. */
const flushWithinMs = 50;
/** Others wait: only what this turn has still to say goes with it. */
const flushSoonMs = 1;
/** Whether others still live is asked no more often. */
const readEveryMs = 20;

/** The same but for the lease, which follows from how long a call may take and harms nobody. */
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
 * One retry budget, one breaker and one cooldown for everybody who writes the same log. What is refused is only read;
 * what is asked for is appended, and its place in the log decides. Where the log is lost the process goes on alone, from
 * where it stood, and says so once.
 */
export class HostResilience {
  readonly budget: RetryBudget = {
    deposit: () => this.#deposit(),
    tryWithdraw: (request) => this.#tryWithdraw(request),
    usage: () => this.#usage(),
  };
  readonly breaker: Breaker = {
    tryAcquire: () => this.#tryAcquire(),
    record: (pass, result) => this.#record(pass, result),
    outage: () => this.#state.breaker.outage(this.#nowMs()),
  };
  readonly cooldown: RetryAfterGate = {
    extend: (ms) => void this.#append([{ type: 'quiet', ms }]),
    leftMs: () => this.#quietMs(),
  };
  readonly #options: ResilienceOptions;
  readonly #deps: HostResilienceDeps;
  readonly #state: ResilienceState;
  readonly #pending = new PendingEntries();
  readonly #closed = new AbortController();
  #log: ResilienceLog | null = null;
  #flushAtMs = Infinity;
  #readMs = -Infinity;

  constructor(options: ResilienceOptions, deps: HostResilienceDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#state = new ResilienceState(options, deps.nowMs());
  }

  /** Tells what is still to be told, and lets go of the log: what is still asked is answered from what was known. */
  close(): void {
    this.#closed.abort();
    this.#report();
    this.#log?.close();
    this.#log = inMemoryLog(this.#state, this.#deps.nowMs);
  }

  /** Where the entries of all have led to by now. For reading only. */
  look(): ResilienceState {
    this.#catchUp();
    return this.#state;
  }

  /** Appends the entries, behind what is still to be told. */
  append(entries: readonly StateCommand[]): void {
    this.#append(entries);
  }

  /** Appends the entry, behind what is still to be told and what goes before it, and answers what it led to. */
  apply<Entry extends StateCommand>(entry: Entry, before: readonly StateCommand[] = []): AnswerTo<Entry> {
    return this.#append([...before, entry]) as AnswerTo<Entry>;
  }

  /** Records a retry that was refused, sooner or later. */
  refuseRetry(taskId: string): void {
    this.#pending.refuseRetry(taskId);
    this.#flushWithin(flushWithinMs);
  }

  #tryWithdraw({ onExhausted, maxWaitMs, taskId }: WithdrawRequest): Withdrawal {
    const maxMs = onExhausted === 'wait' ? maxWaitMs : 0;
    this.#catchUp();
    // What was accepted and not yet told may be what pays for the token.
    const waitMs = this.#pending.accepted > 0 ? 0 : this.#state.budget.waitForTokenMs(this.#nowMs());
    if (waitMs === Infinity || waitMs > maxMs) {
      this.refuseRetry(taskId);
      return { granted: false, retryInMs: waitMs === Infinity ? null : waitMs };
    }
    const asked = { maxWaitMs: maxMs === Infinity ? null : maxMs, task: taskId };
    return this.apply({ type: 'withdraw', ...asked });
  }

  #usage(): BudgetUsage {
    const { granted, budgetRefused } = this.#state.counts;
    return { scope: 'host', granted, refused: budgetRefused + this.#pending.budgetRefused };
  }

  #tryAcquire(): AcquireResult {
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

  /** What others would say of their submissions, were they not killed or stopped. */
  #abandonedByOthers(): StateCommand[] {
    const nowMs = this.#nowMs();
    if (nowMs - this.#readMs < readEveryMs) return [];
    this.#readMs = nowMs;
    return this.#state.breaker
      .inFlight(nowMs)
      .filter(({ holder }) => this.#log?.isProcessDead(holder))
      .map(({ pass }) => ({ type: 'verdict', pass, verdict: 'abandoned', jitter: 0, count: 1 }));
  }

  #deposit(): void {
    this.#pending.accept();
    this.#flushWithin(flushWithinMs);
  }

  #record(pass: Permit, result: CallResult): void {
    if (result === 'abandoned' && pass.ticket === undefined) return;
    this.#pending.judge(pass, result, this.#deps.random.next());
    if (result === 'failure' || pass.probe) this.#report();
    else this.#flushWithin(pass.ticket === undefined ? flushWithinMs : flushSoonMs);
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

  #catchUp(): void {
    this.#use((log) => log.catchUp());
  }

  /** What the last of the entries led to; what is still to be told goes with them, before them. */
  #append(entries: readonly StateCommand[]): StateReply {
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
      this.#deps.warn(`${error.message}; this process uses its own retry budget and breaker`);
      return work(this.#log);
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
