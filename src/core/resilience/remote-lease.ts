import type { Withdrawal } from '../../ports/state.ts';
import type { RetryBudgetOptions } from './retry-budget.ts';

/** What the processes of one host tell each other about the budget of their fleet. Plain JSON. */
export type FleetEntry =
  /** Its writer now speaks to the fleet, for all of the host: what was to be told is told with it. */
  | { readonly type: 'fleet-talk' }
  /** What the fleet answered; the times are on the clock of the host. */
  | {
      readonly type: 'fleet-heard';
      /** Whether tokens were asked for. */
      readonly asked: boolean;
      readonly refused: number;
      /** Tokens that it has left. */
      readonly balance: number;
      /** Tokens on lease, void from `untilMs` on. */
      readonly surplus: number;
      readonly untilMs: number;
      /** When the fleet has a token again by time alone: null never. */
      readonly tokenAtMs: number | null;
      /** Names the bucket that answered; left out by earlier versions. */
      readonly epoch?: string;
    }
  /** The fleet granted a token for a task, to be used after so long. */
  | { readonly type: 'fleet-granted'; readonly task: string; readonly waitMs: number }
  /** Takes a token that is on lease. */
  | { readonly type: 'spend'; readonly task: string }
  /** The fleet gave no answer, and need not be asked again for so long. */
  | { readonly type: 'fleet-away'; readonly why: string; readonly forMs: number };

/** What is to be told to the fleet. */
export interface SyncRequest {
  readonly accepted: number;
  readonly refused: number;
}

/** Why the fleet's budget is out of reach, and when it is worth asking again. */
export interface FleetAbsence {
  readonly why: string;
  readonly untilMs: number;
  /** Talks without an answer, in a row. */
  readonly failures: number;
}

/** All that a host knows about the budget of its fleet. Plain JSON. */
export interface RemoteLeaseSnapshot {
  readonly tokens: number;
  readonly leaseEndsMs: number;
  /** How many tokens were wanted when some were last asked for, and when that was. */
  readonly batch: number;
  readonly askedMs: number | null;
  readonly askAgainMs: number;
  readonly tokenAtMs: number | null;
  readonly toldMs: number | null;
  readonly told: SyncRequest;
  readonly heardMs: number | null;
  readonly balance: number;
  /** Of the bucket that answered last. */
  readonly epoch: string;
  /** Until when tokens are waited for that were granted for later. */
  readonly promisedUntilMs: number;
  readonly absence: FleetAbsence | null;
}

/** Leased tokens are void after so long, at the fleet and here. */
export const leaseMs = 2_000;
/** Deposits of others may bring a token sooner than time does. */
const maxTrustMs = 1_000;
/** No batch is larger; the fleet gives less where there is little. */
const maxBatch = 8;
/** While somebody finds out whether the fleet is back, the others do not. */
const findOutMs = 2_000;
/** The fleet keeps a bucket at least so long after the last sync, and after the last token that it has promised. */
const surelyKeptMs = 60_000;

const nothingKnown: RemoteLeaseSnapshot = {
  ...{ tokens: 0, leaseEndsMs: 0, batch: 1, askedMs: null, askAgainMs: 0, tokenAtMs: null },
  ...{ toldMs: null, told: { accepted: 0, refused: 0 }, heardMs: null, balance: 0, absence: null },
  ...{ epoch: '', promisedUntilMs: 0 },
};

/**
 * What the processes of a host know together about the budget of their fleet, as a state machine on the clock of the
 * host: the tokens that they hold on lease, what they have still to tell, and whether the fleet can be reached.
 */
export class RemoteLease {
  #is = nothingKnown;

  /** Tokens on lease that may be spent. */
  leased(nowMs: number): number {
    return nowMs < this.#is.leaseEndsMs ? this.#is.tokens : 0;
  }

  /** Tokens that the fleet had left when it last answered. */
  get balance(): number {
    return this.#is.balance;
  }

  /** For how long nobody need ask for a token, and until when it takes; null where the fleet is to be asked. */
  emptiness(nowMs: number): { readonly retryInMs: number | null } | null {
    const { askAgainMs, tokenAtMs } = this.#is;
    if (nowMs >= askAgainMs) return null;
    return { retryInMs: tokenAtMs === null ? null : tokenAtMs - nowMs };
  }

  /** Why the fleet was last out of reach; null once it has answered. */
  get absence(): FleetAbsence | null {
    return this.#is.absence;
  }

  /** Whether it is worth speaking to the fleet. */
  maySync(nowMs: number): boolean {
    return this.#is.absence === null || nowMs >= this.#is.absence.untilMs;
  }

  /** When somebody last told the fleet what there was; null where nobody has. */
  get toldMs(): number | null {
    return this.#is.toldMs;
  }

  /** For how long tokens are waited for that the fleet granted for later. */
  promisedMs(nowMs: number): number {
    return Math.max(0, this.#is.promisedUntilMs - nowMs);
  }

  /** The bucket that the fleet must still have; empty where there need not be one. */
  knownEpoch(nowMs: number): string {
    const { heardMs, promisedUntilMs, epoch } = this.#is;
    return heardMs !== null && nowMs - Math.max(heardMs, promisedUntilMs) < surelyKeptMs ? epoch : '';
  }

  /** How many tokens to ask for at once: twice as many where the last batch was used up before its lease ended. */
  batch(nowMs: number): number {
    const { askedMs, batch } = this.#is;
    return askedMs !== null && nowMs - askedMs < leaseMs ? Math.min(2 * batch, maxBatch) : 1;
  }

  /** What of these counts the fleet has not been told. */
  owed({ accepted, refused }: SyncRequest): SyncRequest {
    const { told } = this.#is;
    return { accepted: Math.max(0, accepted - told.accepted), refused: Math.max(0, refused - told.refused) };
  }

  /** `counts` is what is not synced so far. For `spend` a withdrawal, for `fleet-talk` a sync request. */
  apply(entry: FleetEntry, counts: SyncRequest, nowMs: number): Withdrawal | SyncRequest | null {
    switch (entry.type) {
      case 'fleet-talk':
        return this.#sync(counts, nowMs);
      case 'fleet-heard':
        this.#applyReply(entry, nowMs);
        return null;
      case 'spend':
        return this.#spend(nowMs);
      case 'fleet-away':
        this.#expire(entry, nowMs);
        return null;
      case 'fleet-granted':
        this.#is = { ...this.#is, promisedUntilMs: Math.max(this.#is.promisedUntilMs, nowMs + entry.waitMs) };
        return null;
    }
  }

  snapshot(): RemoteLeaseSnapshot {
    return this.#is;
  }

  /** Left out, nothing is known. */
  restore(snapshot: Partial<RemoteLeaseSnapshot> = nothingKnown): void {
    this.#is = { ...nothingKnown, ...snapshot };
  }

  /** Takes over what is to be told: if it is lost on the way nobody tells it again, which is stricter, not looser. */
  #sync(counts: SyncRequest, nowMs: number): SyncRequest {
    const nextSync = this.owed(counts);
    const { absence } = this.#is;
    const waiting = absence && { ...absence, untilMs: Math.max(absence.untilMs, nowMs + findOutMs) };
    this.#is = { ...this.#is, told: counts, toldMs: nowMs, absence: waiting };
    return nextSync;
  }

  #applyReply(entry: FleetEntry & { type: 'fleet-heard' }, nowMs: number): void {
    const { asked, refused, surplus, untilMs, tokenAtMs, balance, epoch = '' } = entry;
    const before = this.#is;
    const left = this.leased(nowMs);
    const trustMs = tokenAtMs === null ? maxTrustMs : Math.min(maxTrustMs, tokenAtMs - nowMs);
    // Together they end with the first: which of them is spent nobody can tell.
    const endsMs = left === 0 ? untilMs : Math.min(before.leaseEndsMs, surplus === 0 ? Infinity : untilMs);
    this.#is = {
      ...{ tokens: left + surplus, leaseEndsMs: endsMs },
      ...{ batch: asked ? this.batch(nowMs) : before.batch, askedMs: asked ? nowMs : before.askedMs },
      ...{ askAgainMs: nowMs + Math.max(0, trustMs), tokenAtMs },
      ...{ toldMs: before.toldMs, told: { ...before.told, refused: before.told.refused + refused } },
      ...{ heardMs: nowMs, balance, absence: null, epoch, promisedUntilMs: before.promisedUntilMs },
    };
  }

  #spend(nowMs: number): Withdrawal {
    const left = this.leased(nowMs);
    if (left === 0) return { granted: false, retryInMs: 0 };
    this.#is = { ...this.#is, tokens: left - 1 };
    return { granted: true, waitMs: 0, balance: this.#is.balance };
  }

  #expire({ why, forMs }: FleetEntry & { type: 'fleet-away' }, nowMs: number): void {
    const failures = (this.#is.absence?.failures ?? 0) + 1;
    this.#is = { ...this.#is, absence: { why, untilMs: nowMs + forMs, failures } };
  }
}

/** What one host keeps of a fleet's budget while it cannot reach it: `share` (0..1) of it, and one token at least. */
export function fleetShareOf(budget: RetryBudgetOptions, share: number): RetryBudgetOptions {
  return {
    ratio: budget.ratio,
    minRetriesPerSecond: budget.minRetriesPerSecond * share,
    maxRetriesPerSecond: budget.maxRetriesPerSecond * share,
    burst: Math.max(1, budget.burst * share),
  };
}
