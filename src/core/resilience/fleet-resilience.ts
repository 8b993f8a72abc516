import { RemoteUnavailableError, UsageError } from '../../domain/errors.ts';
import type {
  Breaker,
  SyncReply,
  FleetBucket,
  FleetBudgetOptions,
  FleetFacts,
  FleetWithdrawal,
  RetryAfterGate,
  RetryBudget,
  ThreadTurns,
  Withdrawal,
  WithdrawRequest,
} from '../../ports/state.ts';
import type { Clock, Random } from '../../ports/system.ts';
import type { BudgetFacts } from './budget-facts.ts';
import { type HostResilience, spender } from './host-resilience.ts';
import { leaseMs } from './remote-lease.ts';
import type { StateCommand } from './resilience-state.ts';
import { isSameBudget } from './retry-budget.ts';

export interface FleetResilienceDeps {
  /** The state that the processes of this host share; its budget is the host's share while the fleet is unreachable. */
  readonly host: HostResilience;
  /** Connects to the fleet's bucket. The connection takes a moment, so it is opened on first use. */
  readonly openBucket: () => Promise<FleetBucket>;
  /** The clock of the host, in ms. */
  readonly nowMs: () => number;
  readonly clock: Clock;
  readonly random: Random;
  /** Warns the user that the fleet is unreachable, or that other hosts use other options. */
  readonly warn: (message: string) => void;
}

interface PendingWithdrawal {
  readonly request: WithdrawRequest;
  readonly answer: (withdrawal: Withdrawal | Promise<Withdrawal>) => void;
  readonly fail: (error: unknown) => void;
}

/** Accepted submissions are collected and synced at this interval. */
const syncEveryMs = 1_000;
/** Delay before the first reconnection attempt; it doubles with every failure, up to `maxAbsenceMs`. */
const firstAbsenceMs = 1_000;
const maxAbsenceMs = 30_000;
/** Limit of requests in one sync. */
const maxAsks = 100;
/** Two ends of a cooldown that differ by less than this are the same one: the difference is the round trip. */
const samePauseMs = 100;
/** Minimum interval between two warnings about an outage. */
const warnEveryMs = 600_000;

const maxSyncWaitMs = ({ onExhausted, maxWaitMs }: WithdrawRequest): number => (onExhausted === 'wait' ? maxWaitMs : 0);

/**
 * One retry budget for all hosts of a fleet. The breaker belongs to each host, and a `Retry-After` of the service
 * reaches the other hosts with their next sync. One sync runs at a time: requests that arrive meanwhile go with the
 * next one. A token that the fleet has leased to this host needs no sync. While the fleet is unreachable, the host uses
 * its share of the budget.
 */
export class FleetResilience {
  readonly budget: RetryBudget = {
    deposit: () => this.#deposit(),
    tryWithdraw: (request) => this.#tryWithdraw(request),
    usage: () => ({ scope: 'host', refused: 0, granted: 0, ...this.#deps.host.budget.usage?.() }),
  };
  readonly breaker: Breaker;
  readonly retryAfterGate: RetryAfterGate;
  readonly threadTurns: ThreadTurns;
  readonly #options: FleetBudgetOptions;
  readonly #deps: FleetResilienceDeps;
  readonly #closed = new AbortController();
  #pending: PendingWithdrawal[] = [];
  #quietMs = 0;
  /** True if a submission was accepted here since the last sync began. */
  #isFunded = false;
  #mustSync = false;
  #syncing: Promise<void> = Promise.resolve();
  #isSyncing = false;
  #isSyncScheduled = false;
  #bucket: Promise<FleetBucket> | null = null;
  #warnedMs = -Infinity;
  #hasDisagreed = false;
  /** Null if the fleet does not answer; undefined before it was asked. */
  #facts: FleetFacts | null | undefined;
  #isReading = false;

  constructor(options: FleetBudgetOptions, deps: FleetResilienceDeps) {
    this.#options = options;
    this.#deps = deps;
    this.breaker = deps.host.breaker;
    this.threadTurns = deps.host.threadTurns;
    this.retryAfterGate = { extend: (ms) => this.#extendCooldown(ms), leftMs: () => deps.host.retryAfterGate.leftMs() };
  }

  /** Sends the remaining counts, unless a process of this host synced a moment ago and the next sync can send them. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#syncing;
    this.#deps.host.append([]);
    if (this.#deps.host.look().owed.accepted > 0 && this.#isWorthSyncing(0)) await this.#exchange([]);
    (await this.#bucket)?.close();
    this.#deps.host.close();
  }

  /**
   * The budget of the fleet as it was at the previous call, and the breaker of this host; null at the first call. Asks the
   * fleet for the next call.
   */
  facts(rules: BudgetFacts['rules']): BudgetFacts | null {
    void this.#readFacts();
    return this.#facts === undefined ? null : this.#deps.host.facts({ scope: 'redis', fleet: this.#facts, rules });
  }

  async #readFacts(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      this.#facts = await (await (this.#bucket ??= this.#deps.openBucket())).look(this.#options);
    } catch (error) {
      // The connection ends while this process does. A Redis that cannot be used ends the submissions.
      const isExpected = error instanceof RemoteUnavailableError || error instanceof UsageError;
      if (!isExpected && !this.#closed.signal.aborted) throw error;
      this.#facts = null;
    } finally {
      this.#isReading = false;
    }
  }

  async #deposit(): Promise<void> {
    await this.#deps.host.budget.deposit();
    this.#isFunded = true;
    this.#syncLater();
  }

  async #extendCooldown(ms: number): Promise<void> {
    await this.#deps.host.retryAfterGate.extend(ms);
    this.#quietMs = Math.max(this.#quietMs, ms);
    this.#sync();
  }

  async #tryWithdraw(request: WithdrawRequest): Promise<Withdrawal> {
    const { host, nowMs } = this.#deps;
    const { fleet, owed } = host.look();
    if (fleet.leased(nowMs()) > 0) {
      const spent = host.apply({ type: 'spend', ...spender(request) });
      if (spent.granted) return spent;
    }
    const emptiness = fleet.emptiness(nowMs());
    const isEmpty = emptiness !== null && !this.#isFunded && owed.accepted === 0;
    if (isEmpty && maxSyncWaitMs(request) === 0 && fleet.absence === null) {
      host.refuseRetry(request);
      return { granted: false, ...emptiness };
    }
    return new Promise<Withdrawal>((answer, fail) => {
      this.#pending.push({ request, answer, fail });
      this.#sync();
    });
  }

  #syncLater(): void {
    if (this.#isSyncScheduled) return;
    this.#isSyncScheduled = true;
    void this.#deps.clock.sleep(syncEveryMs, this.#closed.signal).then(() => {
      this.#isSyncScheduled = false;
      if (this.#closed.signal.aborted) return;
      if (this.#isWorthSyncing(syncEveryMs)) this.#mustSync = true;
      else if (this.#hasUnsynced()) this.#syncLater();
      this.#sync();
    });
  }

  /** True if there are unsynced counts, a sync may be tried, and none was sent within the last `sinceMs`. */
  #isWorthSyncing(sinceMs: number): boolean {
    const { fleet } = this.#deps.host.look();
    const nowMs = this.#deps.nowMs();
    const hasSynced = fleet.toldMs !== null && nowMs - fleet.toldMs < Math.max(sinceMs, syncEveryMs);
    return this.#hasUnsynced() && !hasSynced && fleet.maySync(nowMs);
  }

  /** A host with promised tokens syncs every second, so that a bucket which replaces a lost one learns about them. */
  #hasUnsynced(): boolean {
    const { fleet, owed } = this.#deps.host.look();
    return owed.accepted > 0 || fleet.promisedMs(this.#deps.nowMs()) > 0;
  }

  #sync(): void {
    if (!this.#isSyncing) this.#syncing = this.#syncNow();
  }

  async #syncNow(): Promise<void> {
    this.#isSyncing = true;
    try {
      while (this.#pending.length > 0 || this.#quietMs > 0 || this.#mustSync) {
        const asks = this.#pending.splice(0, maxAsks);
        if (this.#deps.host.look().fleet.maySync(this.#deps.nowMs())) await this.#exchange(asks);
        else this.#goOnAlone(asks);
      }
    } finally {
      // Reset in this very turn: a caller from now on must not join the sync that has ended.
      this.#isSyncing = false;
    }
  }

  async #exchange(asks: readonly PendingWithdrawal[]): Promise<void> {
    const { host, nowMs } = this.#deps;
    const { fleet } = host.look();
    const surplus = asks.length > 0 ? fleet.batch(nowMs()) - 1 : 0;
    const known = { epoch: fleet.knownEpoch(nowMs()), promisedMs: fleet.promisedMs(nowMs()) };
    const quietMs = this.#quietMs;
    [this.#quietMs, this.#mustSync, this.#isFunded] = [0, false, false];
    const nextSync = host.apply({ type: 'fleet-talk' });
    // Taken before the request, so that the lease ends here no later than at the fleet.
    const sentMs = nowMs();
    try {
      const bucket = await (this.#bucket ??= this.#deps.openBucket());
      const longest = asks.map(({ request }) => maxSyncWaitMs(request));
      const rest = { options: this.#options, quietMs, surplus, leaseMs, ...known };
      this.#applyReply(await bucket.sync({ ...nextSync, ...rest, asks: longest }), asks, sentMs);
    } catch (error) {
      const isUnusable = error instanceof UsageError && asks.length === 0;
      if (error instanceof RemoteUnavailableError || isUnusable) this.#expire(error.message, asks);
      else if (asks.length === 0) throw error;
      else for (const { fail } of asks) fail(error);
    }
  }

  #applyReply(answer: SyncReply, asks: readonly PendingWithdrawal[], sentMs: number): void {
    const { host } = this.#deps;
    const { balance, nextTokenInMs, quietMs, surplus, epoch, settlingMs } = answer;
    const all = asks.map((ask, index) => ({ ...ask, ...(answer.withdrawals[index] as FleetWithdrawal) }));
    const later = settlingMs > 0 ? all.filter(({ request }) => maxSyncWaitMs(request) >= settlingMs) : [];
    if (later.length > 0) void this.#requeueLater(later, settlingMs);
    const answered = all.filter((ask) => !later.includes(ask));
    const granted = answered.flatMap(({ granted, waitMs, request }): StateCommand[] =>
      granted ? [{ type: 'fleet-granted', ...spender(request), waitMs }] : [],
    );
    // Measured from the receipt, so the lease ends early and the wait ends late, never the reverse.
    const tokenAtMs = nextTokenInMs === Infinity ? null : this.#deps.nowMs() + nextTokenInMs;
    const lease = { balance, surplus, untilMs: sentMs + leaseMs, asked: asks.length > 0, tokenAtMs, epoch };
    host.append([{ type: 'fleet-heard', refused: answered.length - granted.length, ...lease }, ...granted]);
    const leftMs = Math.max(0, host.look().quietUntilMs - this.#deps.nowMs());
    if (quietMs > leftMs + samePauseMs) void host.retryAfterGate.extend(quietMs);
    this.#checkOptions(answer.options);
    for (const { granted, waitMs, answer: report } of answered) {
      report(granted ? { granted, waitMs, balance } : { granted, retryInMs: waitMs === Infinity ? null : waitMs });
    }
    if (host.look().fleet.promisedMs(this.#deps.nowMs()) > 0) this.#syncLater();
  }

  /** A bucket that replaces a lost one grants nothing at first. Requests that can wait are repeated after this time. */
  async #requeueLater(asks: readonly PendingWithdrawal[], settlingMs: number): Promise<void> {
    await this.#deps.clock.sleep(settlingMs, this.#closed.signal);
    for (const { request, answer, fail } of asks) {
      this.#pending.push({ request: { ...request, maxWaitMs: request.maxWaitMs - settlingMs }, answer, fail });
    }
    this.#sync();
  }

  #checkOptions(theirs: FleetBudgetOptions): void {
    if (this.#hasDisagreed || isSameBudget(theirs, this.#options)) return;
    this.#hasDisagreed = true;
    this.#deps.warn(
      'budget settings differ from those of the other hosts of this fleet: theirs apply until no host has used them for ' +
        'a while, or until `captcha budget --reset`',
    );
  }

  #expire(why: string, asks: readonly PendingWithdrawal[]): void {
    const { host, random } = this.#deps;
    const { fleet } = host.look();
    const failures = fleet.absence?.failures ?? 0;
    // Promised tokens are outstanding: the fleet must learn about them as soon as it is reachable again.
    const maxMs = fleet.promisedMs(this.#deps.nowMs()) > 0 ? firstAbsenceMs : maxAbsenceMs;
    const forMs = Math.min(maxMs, firstAbsenceMs * 2 ** Math.min(failures, 10));
    // Jittered downwards, so that hosts which lost the connection together do not reconnect together.
    host.append([{ type: 'fleet-away', why, forMs: forMs * (1 - random.next() / 2) }]);
    this.#goOnAlone(asks);
  }

  #goOnAlone(asks: readonly PendingWithdrawal[]): void {
    const { host, nowMs } = this.#deps;
    [this.#quietMs, this.#mustSync] = [0, false];
    const { absence } = host.look().fleet;
    if (absence !== null && nowMs() - this.#warnedMs >= warnEveryMs) {
      this.#warnedMs = nowMs();
      this.#deps.warn(`${absence.why}; until it answers, this host uses its share of the budget (budget.fleetShare)`);
    }
    for (const { request, answer } of asks) answer(Promise.resolve(host.budget.tryWithdraw(request)));
  }
}
