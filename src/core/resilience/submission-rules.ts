import type {
  CountResult,
  Hold,
  KnownRules,
  LimitUse,
  SubmissionLimit,
  SubmissionRefusal,
  Submitter,
} from '../../ports/submissions.ts';

/**
 * Log entries about the hold and the limits. Plain JSON. `since` marks entries that processes of earlier versions pass over:
 * the log writes them under another name.
 */
export type RulesEntry =
  /** Stops all submissions for `forMs`, or until `release`. In a fleet it applies only with `onlyHere`; else the fleet has it. */
  | {
      readonly type: 'hold';
      readonly since: 2;
      readonly by: string;
      readonly why: string;
      readonly forMs: number | null;
      readonly onlyHere?: true;
    }
  | { readonly type: 'release'; readonly since: 2; readonly by: string }
  /** Adds limits. Of two limits for the same label and window the lower one applies. */
  | { readonly type: 'limits'; readonly since: 2; readonly limits: readonly SubmissionLimit[] }
  /** Counts a submission before it is sent. */
  | ({ readonly type: 'submit'; readonly since: 2; readonly task: string } & Submitter)
  /** Takes back the submission counted at `atMs`. */
  | ({ readonly type: 'unsubmit'; readonly since: 2; readonly atMs: number } & Submitter);

type StoredHold = {
  readonly by: string;
  readonly why: string;
  readonly sinceMs: number;
  readonly untilMs: number | null;
  readonly onlyHere?: true;
};

/** Submissions by time: `[slot, count]`, oldest first. Slot n ends at n slot lengths. */
type Slots = readonly (readonly [slot: number, count: number])[];

interface Ledger extends SubmissionLimit {
  readonly slots: Slots;
}

/** The complete state. Plain JSON. */
export interface SubmissionRulesSnapshot {
  readonly hold: StoredHold | null;
  readonly ledgers: readonly Ledger[];
}

/** A window is counted in this many slots, so that the state stays small. Room comes back up to one slot late. */
export const slotsPerWindow = 100;

/** The result for a submission where nothing is limited. */
export const unlimited: CountResult = { counted: true, atMs: null };

const isSame = (a: SubmissionLimit, b: SubmissionLimit): boolean =>
  a.label === b.label && a.windowMs === b.windowMs && a.found === b.found;

/** A limit without its use. */
export const limitOf = ({ label, count, windowMs, from, found }: SubmissionLimit): SubmissionLimit => ({
  ...{ label, count, windowMs },
  ...(from !== undefined && { from }),
  ...(found !== undefined && { found }),
});

/** True if a limit applies to submissions of this submitter. */
export const concerns = (limit: SubmissionLimit, { label, found }: Submitter): boolean =>
  (limit.label === null || limit.label === label) && (limit.found === undefined || limit.found === found);

/** True if this submitter is limited by other limits (`all`) than these (`own`). */
export function isStricter(all: readonly SubmissionLimit[], own: readonly SubmissionLimit[], who: Submitter): boolean {
  return all.some(
    (limit) => concerns(limit, who) && !own.some((each) => isSame(each, limit) && limit.count >= each.count),
  );
}

const slotAt = ({ windowMs }: SubmissionLimit, ms: number): number => Math.ceil(ms / (windowMs / slotsPerWindow));

/** When the submissions of a slot no longer count. Submissions in it were sent at its end or before. */
const endOf = ({ windowMs }: SubmissionLimit, slot: number): number => slot * (windowMs / slotsPerWindow) + windowMs;

const sum = (slots: Slots): number => slots.reduce((total, [, count]) => total + count, 0);

const living = (ledger: Ledger, nowMs: number): Slots => ledger.slots.filter(([slot]) => endOf(ledger, slot) > nowMs);

function roomInMs(ledger: Ledger, nowMs: number): number {
  const slots = living(ledger, nowMs);
  let used = sum(slots);
  if (used < ledger.count) return 0;
  for (const [slot, count] of slots) {
    used -= count;
    if (used < ledger.count) return endOf(ledger, slot) - nowMs;
  }
  return 0;
}

function counted(ledger: Ledger, nowMs: number): Ledger {
  const slots = living(ledger, nowMs);
  const now = slotAt(ledger, nowMs);
  const [slot, count] = slots.at(-1) ?? [-1, 0];
  return { ...ledger, slots: slot === now ? [...slots.slice(0, -1), [slot, count + 1]] : [...slots, [now, 1]] };
}

function uncounted(ledger: Ledger, atMs: number): Ledger {
  const at = slotAt(ledger, atMs);
  const slots = ledger.slots.map(([slot, count]) => [slot, slot === at ? count - 1 : count] as const);
  return { ...ledger, slots: slots.filter(([, count]) => count > 0) };
}

/**
 * The hold and the limits of all submissions. A state machine; the caller passes the time, which never goes back.
 *
 * A limit counts in a rolling window: a submission counts from its slot on until a whole window after the end of that slot.
 * So in any time of `windowMs` at most `count` submissions are counted.
 */
export class SubmissionRules {
  #hold: StoredHold | null = null;
  #ledgers: readonly Ledger[] = [];
  #isForgotten = false;

  /** True if a process of an earlier version, which knows no limits, has written the state. */
  get isForgotten(): boolean {
    return this.#isForgotten;
  }

  /** True if nothing is held and limited. */
  get isEmpty(): boolean {
    return this.#hold === null && this.#ledgers.length === 0;
  }

  /** True if a limit applies to this submitter. */
  limits(who: Submitter): boolean {
    return this.#ledgersOf(who).length > 0;
  }

  /** The hold at this time; null if there is none. */
  holdAt(nowMs: number): Hold | null {
    if (this.#hold === null) return null;
    const { sinceMs, untilMs, ...about } = this.#hold;
    if (untilMs !== null && untilMs <= nowMs) return null;
    return { ...about, heldMs: nowMs - sinceMs, leftMs: untilMs === null ? null : untilMs - nowMs };
  }

  /** The hold that this host has alone, although it belongs to a fleet; null if there is none. */
  holdOnlyHere(nowMs: number): Hold | null {
    const hold = this.holdAt(nowMs);
    return hold?.onlyHere === true ? hold : null;
  }

  /** The limits in effect and their use. */
  uses(nowMs: number): readonly LimitUse[] {
    return this.#ledgers.map((ledger) => {
      return { ...limitOf(ledger), used: sum(living(ledger, nowMs)), roomInMs: roomInMs(ledger, nowMs) };
    });
  }

  /** The hold and the limits at this time. */
  known(nowMs: number): KnownRules {
    return { hold: this.holdAt(nowMs), limits: this.uses(nowMs) };
  }

  /** True if these limits change nothing. */
  covers(limits: readonly SubmissionLimit[]): boolean {
    return limits.every((limit) => this.#ledgers.some((own) => isSame(own, limit) && own.count <= limit.count));
  }

  /** True if this submitter is limited by other limits than these. */
  isStricterThan(limits: readonly SubmissionLimit[], who: Submitter): boolean {
    return isStricter(this.#ledgers, limits, who);
  }

  /** Why this submitter may not send a submission now; null if it may. */
  refusal(who: Submitter, nowMs: number): SubmissionRefusal | null {
    const hold = this.holdAt(nowMs);
    if (hold !== null) return { reason: 'held', hold, retryInMs: hold.leftMs };
    let longest: SubmissionRefusal | null = null;
    for (const ledger of this.#ledgersOf(who)) {
      const retryInMs = roomInMs(ledger, nowMs);
      if (retryInMs <= (longest?.retryInMs ?? 0)) continue;
      longest = { reason: 'limit-reached', limit: limitOf(ledger), retryInMs };
    }
    return longest;
  }

  /** Returns the result of a `submit`; null for any other entry. */
  apply(entry: RulesEntry, nowMs: number): CountResult | null {
    switch (entry.type) {
      case 'hold': {
        const { by, why, forMs, onlyHere } = entry;
        const untilMs = forMs === null ? null : nowMs + forMs;
        this.#hold = { by, why, sinceMs: nowMs, untilMs, ...(onlyHere && { onlyHere }) };
        return null;
      }
      case 'release':
        this.#hold = null;
        return null;
      case 'limits':
        this.#add(entry.limits, nowMs);
        return null;
      case 'submit':
        return this.#count(entry, nowMs);
      case 'unsubmit':
        this.#change(entry, (ledger) => uncounted(ledger, entry.atMs));
        return null;
    }
  }

  /** Replaces the limits. What was submitted still counts against a limit for the same label and window. */
  replace(limits: readonly SubmissionLimit[]): void {
    const before = this.#ledgers;
    this.#ledgers = limits.map((limit) => {
      const slots = before.find((own) => isSame(own, limit))?.slots ?? [];
      return { ...limit, slots };
    });
    this.#isForgotten = false;
  }

  snapshot(): SubmissionRulesSnapshot {
    return { hold: this.#hold, ledgers: this.#ledgers };
  }

  /** Without a snapshot: the state of an earlier version, in which nothing is held and limited. */
  restore(snapshot: SubmissionRulesSnapshot | undefined): void {
    this.#hold = snapshot?.hold ?? null;
    this.#ledgers = snapshot?.ledgers ?? [];
    this.#isForgotten = snapshot === undefined;
  }

  #ledgersOf(who: Submitter): readonly Ledger[] {
    return this.#ledgers.filter((ledger) => concerns(ledger, who));
  }

  #add(limits: readonly SubmissionLimit[], nowMs: number): void {
    this.#isForgotten = false;
    if (limits.length === 0) return;
    // Every found file may bring limits, so those that no submission counts against any more are dropped.
    this.#ledgers = this.#ledgers.filter((own) => own.found === undefined || living(own, nowMs).length > 0);
    for (const limit of limits) {
      const at = this.#ledgers.findIndex((own) => isSame(own, limit));
      const own = this.#ledgers[at];
      if (own === undefined) this.#ledgers = [...this.#ledgers, { ...limit, slots: [] }];
      else if (limit.count < own.count) this.#ledgers = this.#ledgers.with(at, { ...limit, slots: own.slots });
    }
  }

  #count(who: Submitter, nowMs: number): CountResult {
    const refusal = this.refusal(who, nowMs);
    if (refusal !== null) return { counted: false, refusal };
    this.#change(who, (ledger) => counted(ledger, nowMs));
    return { counted: true, atMs: nowMs };
  }

  #change(who: Submitter, change: (ledger: Ledger) => Ledger): void {
    const changed = new Set(this.#ledgersOf(who));
    this.#ledgers = this.#ledgers.map((ledger) => (changed.has(ledger) ? change(ledger) : ledger));
  }
}
