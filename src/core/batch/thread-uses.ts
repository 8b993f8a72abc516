import type { Clock } from '../../ports/system.ts';
import type { SolvedShares } from '../solve/solve-times.ts';

/** What the service does with one task in work, as far as it is known. Times on the monotonic clock. */
export interface ThreadUse {
  readonly state: 'waiting' | 'submitting' | 'accepted';
  readonly method: string;
  /** When its latest submission was sent. */
  readonly sentMs: number;
  readonly acceptedMs: number;
  /** When the service was last seen to work on it: at the submission, before any poll. */
  readonly busyMs: number;
}

type Changing<T> = { -readonly [Key in keyof T]: T[Key] };

/** A task of which so little is left to be solved is slower than all that are known. */
const almostSolved = 0.05;
/** A sum over all tasks holds this long, in ms; longer for many tasks, so that it costs less than a hundredth of a core. */
const sumHold = { leastMs: 5, perTaskMs: 0.05 };

/**
 * The tasks in work. A task is expected to be solved by its age: of the tasks that the service was last seen to work on at
 * an age, the share `left(now) / left(then)` is expected to be in work still.
 */
export class ThreadUses {
  readonly #clock: Clock;
  readonly #shares: SolvedShares | null;
  readonly #all = new Set<ThreadUse>();
  readonly #counts = { waiting: 0, submitting: 0, accepted: 0 };
  #solved = { sum: 0, atMs: -Infinity };

  /** `shares`: null if a task is in work until its solution is fetched. */
  constructor({ clock, shares }: { clock: Clock; shares: SolvedShares | null }) {
    this.#clock = clock;
    this.#shares = shares;
  }

  get size(): number {
    return this.#all.size;
  }

  count(state: ThreadUse['state']): number {
    return this.#counts[state];
  }

  /** The expected number of accepted tasks that are solved. */
  solvedCount(): number {
    if (this.#shares === null) return 0;
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#solved.atMs > Math.max(sumHold.leastMs, sumHold.perTaskMs * this.size)) {
      let sum = 0;
      for (const use of this.#all) sum += this.solvedChance(use);
      this.#solved = { sum, atMs: nowMs };
    }
    return Math.max(0, this.#solved.sum);
  }

  /** The probability, 0..1, that a task is solved. */
  solvedChance({ state, method, acceptedMs, busyMs }: ThreadUse): number {
    if (state !== 'accepted' || this.#shares === null) return 0;
    const nowMs = this.#clock.nowMs();
    if (nowMs <= busyMs) return 0;
    const leftThen = 1 - this.#shares.solvedShare(method, busyMs - acceptedMs);
    if (leftThen < almostSolved) return 0;
    return 1 - (1 - this.#shares.solvedShare(method, nowMs - acceptedMs)) / leftThen;
  }

  /** True if the expected number of solved tasks rises while nothing happens. */
  isChanging(): boolean {
    if (this.#shares === null) return false;
    const nowMs = this.#clock.nowMs();
    for (const { state, method, acceptedMs } of this.#all) {
      if (state === 'accepted' && this.#shares.solvedShare(method, nowMs - acceptedMs) < 1) return true;
    }
    return false;
  }

  begin(): ThreadUse {
    const use: ThreadUse = { state: 'waiting', method: '', sentMs: 0, acceptedMs: 0, busyMs: 0 };
    this.#all.add(use);
    this.#counts.waiting += 1;
    return use;
  }

  /** The task waits for a thread. */
  wait(use: ThreadUse): void {
    this.#change(use, { state: 'waiting' });
  }

  submit(use: ThreadUse): void {
    this.#change(use, { state: 'submitting', sentMs: this.#clock.nowMs() });
  }

  /** `ageMs`: how long ago the submission was accepted. */
  accept(use: ThreadUse, method: string, ageMs: number): void {
    const acceptedMs = this.#clock.nowMs() - ageMs;
    this.#change(use, { state: 'accepted', method, acceptedMs, busyMs: acceptedMs });
  }

  /** The service was seen to work on the task. */
  seeBusy(use: ThreadUse): void {
    this.#change(use, { busyMs: this.#clock.nowMs() });
  }

  end(use: ThreadUse): void {
    if (!this.#all.delete(use)) return;
    this.#counts[use.state] -= 1;
    this.#solved.sum -= this.solvedChance(use);
  }

  #change(use: Changing<ThreadUse>, change: Partial<ThreadUse>): void {
    if (!this.#all.has(use)) return;
    this.#solved.sum -= this.solvedChance(use);
    this.#counts[use.state] -= 1;
    Object.assign(use, change);
    this.#counts[use.state] += 1;
    this.#solved.sum += this.solvedChance(use);
  }
}
