import { RemoteUnavailableError } from '../../domain/errors.ts';
import type {
  Breaker,
  SyncReply,
  FleetBucket,
  FleetBudgetOptions,
  FleetWithdrawal,
  RetryAfterGate,
  RetryBudget,
  Withdrawal,
  WithdrawRequest,
} from '../../ports/state.ts';
import type { Clock, Random } from '../../ports/system.ts';
import type { HostResilience } from './host-resilience.ts';
import { leaseMs } from './remote-lease.ts';
import type { StateCommand } from './resilience-state.ts';
import { isSameBudget } from './retry-budget.ts';

export interface FleetResilienceDeps {
  /** What the processes of this host share; its budget is this host's share while the fleet is away. */
  readonly host: HostResilience;
  /** Opens the way to the fleet, which costs a moment and is therefore done when it is first needed. */
  readonly openBucket: () => Promise<FleetBucket>;
  /** The clock of the host, in ms. */
  readonly nowMs: () => number;
  readonly clock: Clock;
  readonly random: Random;
  /** Tells a person that the fleet is away, or that others have chosen other options. */
  readonly warn: (message: string) => void;
}

interface PendingWithdrawal {
  readonly request: WithdrawRequest;
  readonly answer: (withdrawal: Withdrawal | Promise<Withdrawal>) => void;
  readonly fail: (error: unknown) => void;
}

/** What was accepted is synced together with what follows within so long. */
const syncEveryMs = 1_000;
/** The fleet is looked for after so long without an answer, twice as long every time, at most the latter. */
const firstAbsenceMs = 1_000;
const maxAbsenceMs = 30_000;
/** So many requests go into one sync. */
const maxAsks = 100;
/** What is left of a pause differs by the way there and back. */
const samePauseMs = 100;
/** An outage that comes and goes is reported no more often. */
const warnEveryMs = 600_000;

const maxSyncWaitMs = ({ onExhausted, maxWaitMs }: WithdrawRequest): number => (onExhausted === 'wait' ? maxWaitMs : 0);

/**
 * One retry budget for all hosts of a fleet; the breaker is each host's own, and what the service asks with `Retry-After`
 * reaches the others with their next talk. One talk is under way at a time: whatever is to be said meanwhile goes with the
 * next, and a token that the fleet has leased to this host needs none. While the fleet is away the host goes on with its
 * share.
 */
export class FleetResilience {
  readonly budget: RetryBudget = {
    deposit: () => this.#deposit(),
    tryWithdraw: (request) => this.#tryWithdraw(request),
    usage: () => ({ scope: 'host', refused: 0, granted: 0, ...this.#deps.host.budget.usage?.() }),
  };
  readonly breaker: Breaker;
  readonly cooldown: RetryAfterGate;
  readonly #options: FleetBudgetOptions;
  readonly #deps: FleetResilienceDeps;
  readonly #closed = new AbortController();
  #asks: PendingWithdrawal[] = [];
  #quietMs = 0;
  /** Accepted here since the last sync began. */
  #isFunded = false;
  #mustSync = false;
  #syncing: Promise<void> = Promise.resolve();
  #isSyncing = false;
  #isSyncScheduled = false;
  #bucket: Promise<FleetBucket> | null = null;
  #warnedMs = -Infinity;
  #hasDisagreed = false;

  constructor(options: FleetBudgetOptions, deps: FleetResilienceDeps) {
    this.#options = options;
    this.#deps = deps;
    this.breaker = deps.host.breaker;
    this.cooldown = { extend: (ms) => this.#extendCooldown(ms), leftMs: () => deps.host.cooldown.leftMs() };
  }

  /** Tells what is still to be told, unless somebody of this host has just spoken to the fleet and the next one can. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#syncing;
    this.#deps.host.append([]);
    if (this.#deps.host.look().owed.accepted > 0 && this.#isWorthSyncing(0)) await this.#httpCall([]);
    (await this.#bucket)?.close();
    this.#deps.host.close();
  }

  async #deposit(): Promise<void> {
    await this.#deps.host.budget.deposit();
    this.#isFunded = true;
    this.#syncLater();
  }

  async #extendCooldown(ms: number): Promise<void> {
    await this.#deps.host.cooldown.extend(ms);
    this.#quietMs = Math.max(this.#quietMs, ms);
    this.#sync();
  }

  async #tryWithdraw(request: WithdrawRequest): Promise<Withdrawal> {
    const { host, nowMs } = this.#deps;
    const { fleet, owed } = host.look();
    if (fleet.leased(nowMs()) > 0) {
      const spent = host.apply({ type: 'spend', task: request.taskId });
      if (spent.granted) return spent;
    }
    const emptiness = fleet.emptiness(nowMs());
    const isEmpty = emptiness !== null && !this.#isFunded && owed.accepted === 0;
    if (isEmpty && maxSyncWaitMs(request) === 0 && fleet.absence === null) {
      host.refuseRetry(request.taskId);
      return { granted: false, ...emptiness };
    }
    return new Promise<Withdrawal>((answer, fail) => {
      this.#asks.push({ request, answer, fail });
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

  /** Whether there is something to tell, somebody to hear it, and nobody who has told for a while. */
  #isWorthSyncing(sinceMs: number): boolean {
    const { fleet } = this.#deps.host.look();
    const nowMs = this.#deps.nowMs();
    const hasSynced = fleet.toldMs !== null && nowMs - fleet.toldMs < Math.max(sinceMs, syncEveryMs);
    return this.#hasUnsynced() && !hasSynced && fleet.maySync(nowMs);
  }

  /** A host that waits for promised tokens is heard every second, so that a bucket which replaces a lost one knows of them. */
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
      while (this.#asks.length > 0 || this.#quietMs > 0 || this.#mustSync) {
        const asks = this.#asks.splice(0, maxAsks);
        if (this.#deps.host.look().fleet.maySync(this.#deps.nowMs())) await this.#httpCall(asks);
        else this.#goOnAlone(asks);
      }
    } finally {
      // At once: whoever asks from now on must not take the talk for one that goes on.
      this.#isSyncing = false;
    }
  }

  async #httpCall(asks: readonly PendingWithdrawal[]): Promise<void> {
    const { host, nowMs } = this.#deps;
    const { fleet } = host.look();
    const surplus = asks.length > 0 ? fleet.batch(nowMs()) - 1 : 0;
    const known = { epoch: fleet.knownEpoch(nowMs()), promisedMs: fleet.promisedMs(nowMs()) };
    const quietMs = this.#quietMs;
    [this.#quietMs, this.#mustSync, this.#isFunded] = [0, false, false];
    const nextSync = host.apply({ type: 'fleet-talk' });
    // Before it is sent, so that a lease ends here no later than there.
    const sentMs = nowMs();
    try {
      const bucket = await (this.#bucket ??= this.#deps.openBucket());
      const longest = asks.map(({ request }) => maxSyncWaitMs(request));
      const rest = { options: this.#options, quietMs, surplus, leaseMs, ...known };
      this.#applyReply(await bucket.sync({ ...nextSync, ...rest, asks: longest }), asks, sentMs);
    } catch (error) {
      if (error instanceof RemoteUnavailableError) this.#expire(error.message, asks);
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
      granted ? [{ type: 'fleet-granted', task: request.taskId, waitMs }] : [],
    );
    // Counted from the receipt, as whoever is refused does: a lease ends early, a wait late.
    const tokenAtMs = nextTokenInMs === Infinity ? null : this.#deps.nowMs() + nextTokenInMs;
    const lease = { balance, surplus, untilMs: sentMs + leaseMs, asked: asks.length > 0, tokenAtMs, epoch };
    host.append([{ type: 'fleet-heard', refused: answered.length - granted.length, ...lease }, ...granted]);
    const leftMs = Math.max(0, host.look().quietUntilMs - this.#deps.nowMs());
    if (quietMs > leftMs + samePauseMs) void host.cooldown.extend(quietMs);
    this.#checkOptions(answer.options);
    for (const { granted, waitMs, answer: report } of answered) {
      report(granted ? { granted, waitMs, balance } : { granted, retryInMs: waitMs === Infinity ? null : waitMs });
    }
    if (host.look().fleet.promisedMs(this.#deps.nowMs()) > 0) this.#syncLater();
  }

  /** A bucket that replaces a lost one grants nothing for a moment: whoever can wait for it asks again then. */
  async #requeueLater(asks: readonly PendingWithdrawal[], settlingMs: number): Promise<void> {
    await this.#deps.clock.sleep(settlingMs, this.#closed.signal);
    for (const { request, answer, fail } of asks) {
      this.#asks.push({ request: { ...request, maxWaitMs: request.maxWaitMs - settlingMs }, answer, fail });
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
    // Whoever waits for promised tokens is to be heard as soon as it is back.
    const maxMs = fleet.promisedMs(this.#deps.nowMs()) > 0 ? firstAbsenceMs : maxAbsenceMs;
    const forMs = Math.min(maxMs, firstAbsenceMs * 2 ** Math.min(failures, 10));
    // Jittered downwards, so that hosts which lost it together do not look for it together.
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
