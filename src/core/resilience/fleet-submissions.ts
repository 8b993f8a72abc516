import { RemoteUnavailableError } from '../../domain/errors.ts';
import type {
  CountResult,
  KnownRules,
  FleetSubmissions as FleetRemote,
  Hold,
  LimitUse,
  SubmissionGate,
  SubmissionRefusal,
  Submitter,
} from '../../ports/submissions.ts';
import { stricterWarning, type SubmissionOptions, submitterOf } from './host-submissions.ts';
import { concerns, isStricter, limitOf, unlimited } from './submission-rules.ts';

export interface FleetSubmissionDeps {
  /** Connects to the fleet. It is opened on first use. */
  readonly open: () => Promise<FleetRemote>;
  /** The hold of this host alone: the fleet could not be told. Null if there is none. */
  readonly hostHold: () => Hold | null;
  /** Names a request as no other process does. */
  readonly newTicket: () => string;
  readonly nowMs: () => number;
  readonly warn: (message: string) => void;
}

/** How old the knowledge about the fleet may be: a hold stops every process within a second. */
const lookEveryMs = 500;
/** How long a process waits after an error before it asks again. */
const absentMs = 1_000;
const noRules: KnownRules = { hold: null, limits: [] };

/**
 * The hold and the limits of a fleet. A process without limits asks at most twice a second whether submissions are on hold.
 * A process with limits counts every submission with the fleet. While the fleet does not answer, it submits nothing, since
 * it cannot know the count; without limits the hold that was known last applies.
 */
export class FleetSubmissionGate implements SubmissionGate {
  readonly #limits: SubmissionOptions['limits'];
  readonly #who: Submitter;
  readonly #deps: FleetSubmissionDeps;
  #remote: Promise<FleetRemote> | null = null;
  #rules = noRules;
  /** When the rules were learnt; -Infinity before. */
  #knownMs = -Infinity;
  /** When the fleet was asked last. */
  #lookedMs = -Infinity;
  #looking: Promise<void> | null = null;
  /** Why the fleet did not answer last time. */
  #absence: string | null = null;
  #hasWarned = false;
  /** The counts whose answers were lost. The fleet may have counted them, so the next submissions use them. */
  readonly #unanswered: string[] = [];

  constructor(options: SubmissionOptions, deps: FleetSubmissionDeps) {
    this.#limits = options.limits;
    this.#who = submitterOf(options);
    this.#deps = deps;
  }

  async check(): Promise<SubmissionRefusal | null> {
    const looking = this.#lookIfDue();
    // A fleet that did not answer is asked in the background: a task without limits must not wait for it.
    if (this.#absence === null) await looking;
    else looking?.catch(() => undefined);
    const hold = this.#holdNow();
    if (hold !== null) return { reason: 'held', hold, retryInMs: hold.leftMs };
    if (!this.#isLimited()) return null;
    if (this.#absence === null && this.#unanswered.length > 0) return null;
    return this.#absence === null ? this.#fullLimit() : this.#uncounted(this.#absence);
  }

  async count(): Promise<CountResult> {
    if (!this.#isLimited()) return unlimited;
    const ticket = this.#unanswered.pop() ?? this.#deps.newTicket();
    try {
      const result = await (await this.#opened()).count(this.#limits, this.#who, ticket);
      this.#absence = null;
      if (!result.counted && result.refusal.reason === 'held') this.#unanswered.push(ticket);
      // What was refused is looked up again, so that the other tasks of this process need not ask.
      if (!result.counted) this.#lookedMs = -Infinity;
      return result;
    } catch (error) {
      if (!(error instanceof RemoteUnavailableError)) throw error;
      this.#unanswered.push(ticket);
      this.#recordAbsence(error.message);
      return { counted: false, refusal: this.#uncounted(error.message) };
    }
  }

  async giveBack(atMs: number): Promise<void> {
    try {
      await (await this.#opened()).giveBack(this.#who, atMs);
    } catch (error) {
      // The count stays too high, which is stricter.
      if (!(error instanceof RemoteUnavailableError)) throw error;
    }
  }

  /** Asks the fleet for the next call, if what is known is old. */
  known(): KnownRules | null {
    this.#lookIfDue()?.catch(() => undefined);
    const hold = this.#holdNow();
    if (this.#knownMs === -Infinity || this.#absence !== null) return hold && { hold, limits: null };
    const agoMs = this.#deps.nowMs() - this.#knownMs;
    return { hold, limits: this.#uses.map((use) => ({ ...use, roomInMs: Math.max(0, use.roomInMs - agoMs) })) };
  }

  async close(): Promise<void> {
    await this.#looking?.catch(() => undefined);
    (await this.#remote?.catch(() => null))?.close();
  }

  #opened(): Promise<FleetRemote> {
    return (this.#remote ??= this.#deps.open());
  }

  #isLimited(): boolean {
    return [...this.#limits, ...this.#uses].some((limit) => concerns(limit, this.#who));
  }

  get #uses(): readonly LimitUse[] {
    return this.#rules.limits ?? [];
  }

  #uncounted(why: string): SubmissionRefusal {
    return { reason: 'uncounted', why, retryInMs: absentMs };
  }

  #lookIfDue(): Promise<void> | null {
    const everyMs = this.#absence === null ? lookEveryMs : absentMs;
    if (this.#deps.nowMs() - this.#lookedMs >= everyMs) {
      this.#looking ??= this.#look().finally(() => (this.#looking = null));
    }
    return this.#looking;
  }

  async #look(): Promise<void> {
    try {
      this.#rules = await (await this.#opened()).look();
      this.#knownMs = this.#deps.nowMs();
      this.#absence = null;
      this.#warnOnce();
    } catch (error) {
      if (!(error instanceof RemoteUnavailableError)) throw error;
      this.#recordAbsence(error.message);
    }
    this.#lookedMs = this.#deps.nowMs();
  }

  #recordAbsence(why: string): void {
    this.#absence = why;
    this.#lookedMs = this.#deps.nowMs();
  }

  #holdNow(): Hold | null {
    const { hold } = this.#rules;
    if (hold === null) return this.#deps.hostHold();
    const agoMs = this.#deps.nowMs() - this.#knownMs;
    const leftMs = hold.leftMs === null ? null : hold.leftMs - agoMs;
    const isOver = leftMs !== null && leftMs <= 0;
    return isOver ? this.#deps.hostHold() : { ...hold, heldMs: hold.heldMs + agoMs, leftMs };
  }

  /** The limit that has no room for the longest time, as far as known; null if all have room. */
  #fullLimit(): SubmissionRefusal | null {
    const agoMs = this.#deps.nowMs() - this.#knownMs;
    const mine = this.#uses.filter((limit) => concerns(limit, this.#who));
    const [full] = mine.filter(({ roomInMs }) => roomInMs > agoMs).sort((a, b) => b.roomInMs - a.roomInMs);
    if (full === undefined) return null;
    return { reason: 'limit-reached', limit: limitOf(full), retryInMs: full.roomInMs - agoMs };
  }

  #warnOnce(): void {
    if (this.#hasWarned || !isStricter(this.#uses, this.#limits, this.#who)) return;
    this.#hasWarned = true;
    this.#deps.warn(stricterWarning);
  }
}
