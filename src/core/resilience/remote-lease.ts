import type { Withdrawal } from '../../ports/state.ts';
import type { RetryBudgetOptions } from './retry-budget.ts';

/** Log entries about the fleet's budget, shared by the processes of one host. Plain JSON. */
export type FleetEntry =
  /** The writer starts a sync for the whole host and sends all unsynced counts. */
  | { readonly type: 'fleet-talk' }
  /** The fleet's answer. Times are on the clock of the host, in ms. */
  | {
      readonly type: 'fleet-heard';
      /** True if tokens were requested. */
      readonly asked: boolean;
      readonly refused: number;
      /** Tokens left in the fleet's bucket. */
      readonly balance: number;
      /** Leased tokens, void from `untilMs` on. */
      readonly surplus: number;
      readonly untilMs: number;
      /** When time alone gives the fleet its next token; null for never. */
      readonly tokenAtMs: number | null;
      /** Names the bucket that answered; absent in entries of earlier versions. */
      readonly epoch?: string;
    }
  /** The fleet granted a token for a task, usable after `waitMs`. */
  | { readonly type: 'fleet-granted'; readonly task: string; readonly waitMs: number; readonly fault?: string }
  /** Spends a leased token. */
  | { readonly type: 'spend'; readonly task: string; readonly fault?: string }
  /** The fleet did not answer. No process retries before `forMs` has passed. */
  | { readonly type: 'fleet-away'; readonly why: string; readonly forMs: number };

/** The counts that one sync sends to the fleet. */
export interface SyncRequest {
  readonly accepted: number;
  readonly refused: number;
}

/** Why the fleet is unreachable, and when the next attempt is due. */
export interface FleetAbsence {
  readonly why: string;
  readonly untilMs: number;
  /** Consecutive syncs without an answer. */
  readonly failures: number;
}

/** Everything that a host knows about the fleet's budget. Plain JSON. */
export interface RemoteLeaseSnapshot {
  readonly tokens: number;
  readonly leaseEndsMs: number;
  /** Number of tokens in the last request that asked for any, and the time of that request. */
  readonly batch: number;
  readonly askedMs: number | null;
  readonly askAgainMs: number;
  readonly tokenAtMs: number | null;
  readonly toldMs: number | null;
  readonly told: SyncRequest;
  readonly heardMs: number | null;
  readonly balance: number;
  /** Epoch of the bucket that answered last. */
  readonly epoch: string;
  /** End of the wait for tokens that the fleet granted for later. */
  readonly promisedUntilMs: number;
  readonly absence: FleetAbsence | null;
}

/** Leased tokens are void after this time, at the fleet and here. */
export const leaseMs = 2_000;
/** Upper bound of the trust in `tokenAtMs`: deposits of other hosts may bring a token sooner. */
const maxTrustMs = 1_000;
/** Limit of tokens per request; the fleet grants fewer when its bucket is low. */
const maxBatch = 8;
/** While one process tests whether the fleet is back, the others wait this long. */
const findOutMs = 2_000;
/** The fleet keeps a bucket at least this long after the last sync, and after the last token that it promised. */
const surelyKeptMs = 60_000;

const nothingKnown: RemoteLeaseSnapshot = {
  ...{ tokens: 0, leaseEndsMs: 0, batch: 1, askedMs: null, askAgainMs: 0, tokenAtMs: null },
  ...{ toldMs: null, told: { accepted: 0, refused: 0 }, heardMs: null, balance: 0, absence: null },
  ...{ epoch: '', promisedUntilMs: 0 },
};

/**
 * The shared knowledge of a host's processes about the fleet's budget: leased tokens, unsynced counts, and whether the
 * fleet is reachable. A state machine on the clock of the host.
 */
export class RemoteLease {
  #is = nothingKnown;

  /** Leased tokens that may be spent now. */
  leased(nowMs: number): number {
    return nowMs < this.#is.leaseEndsMs ? this.#is.tokens : 0;
  }

  /** Tokens that the fleet had left when it last answered. */
  get balance(): number {
    return this.#is.balance;
  }

  /** How long no process needs to ask for a token, and when the next one is due; null if the fleet must be asked. */
  emptiness(nowMs: number): { readonly retryInMs: number | null } | null {
    const { askAgainMs, tokenAtMs } = this.#is;
    if (nowMs >= askAgainMs) return null;
    return { retryInMs: tokenAtMs === null ? null : tokenAtMs - nowMs };
  }

  /** Why the fleet is unreachable; null once it has answered. */
  get absence(): FleetAbsence | null {
    return this.#is.absence;
  }

  /** True if the next attempt to reach the fleet is due. */
  maySync(nowMs: number): boolean {
    return this.#is.absence === null || nowMs >= this.#is.absence.untilMs;
  }

  /** When a process of this host last synced the counts; null if none has. */
  get toldMs(): number | null {
    return this.#is.toldMs;
  }

  /** How long tokens that the fleet granted for later are still outstanding, in ms. */
  promisedMs(nowMs: number): number {
    return Math.max(0, this.#is.promisedUntilMs - nowMs);
  }

  /** Epoch of the bucket that the fleet must still have; empty if it need not have one. */
  knownEpoch(nowMs: number): string {
    const { heardMs, promisedUntilMs, epoch } = this.#is;
    return heardMs !== null && nowMs - Math.max(heardMs, promisedUntilMs) < surelyKeptMs ? epoch : '';
  }

  /** Number of tokens to request at once: doubled if the last batch was used up before its lease ended. */
  batch(nowMs: number): number {
    const { askedMs, batch } = this.#is;
    return askedMs !== null && nowMs - askedMs < leaseMs ? Math.min(2 * batch, maxBatch) : 1;
  }

  /** The part of these counts that the fleet has not received. */
  owed({ accepted, refused }: SyncRequest): SyncRequest {
    const { told } = this.#is;
    return { accepted: Math.max(0, accepted - told.accepted), refused: Math.max(0, refused - told.refused) };
  }

  /**
   * `counts` is the total so far. Returns a withdrawal for `spend`, a sync request for `fleet-talk`, otherwise null.
   */
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

  /** Without a snapshot: nothing known. */
  restore(snapshot: Partial<RemoteLeaseSnapshot> = nothingKnown): void {
    this.#is = { ...nothingKnown, ...snapshot };
  }

  /**
   * Marks the counts as sent. If the request is lost, they are not sent again: the budget gets stricter, never looser.
   */
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
    // Leases are merged and end with the first one: tokens of different leases cannot be distinguished.
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

/** A host's budget while the fleet is unreachable: `share` (0..1) of the fleet's budget, and at least one token. */
export function fleetShareOf(budget: RetryBudgetOptions, share: number): RetryBudgetOptions {
  return {
    ratio: budget.ratio,
    minRetriesPerSecond: budget.minRetriesPerSecond * share,
    maxRetriesPerSecond: budget.maxRetriesPerSecond * share,
    burst: Math.max(1, budget.burst * share),
  };
}
