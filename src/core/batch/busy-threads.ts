import type { Threads } from '../../ports/api.ts';
import type { Clock } from '../../ports/system.ts';
import type { SolvedShares } from '../solve/solve-times.ts';
import type { ThreadUse, ThreadUses } from './thread-uses.ts';

export interface BusyThreadsOptions {
  /** The threads to begin with. */
  readonly start: number;
  readonly max: number;
  /** What the account has and uses; left out if the service does not tell. */
  readonly known?: Threads;
}

/** After a refusal tasks wait longer, after an accepted submission less: one refusal for eight accepted is where that settles. */
const caution = { grow: 2, shrink: 0.92, least: 0.5, most: 8 };
/** How the belief that a solved task frees its thread, fetched or not, changes. */
const trust = { shrink: 0.75, grow: 0.1, recover: 0.005 };
/**
 * Without a known number of threads, so much is added to it for an accepted submission. `first`: the share that is added while
 * all threads were never busy, each time when as many tasks are accepted as there seem to be threads. `most`: afterwards.
 * `quiet`: if no submission was refused for `quietMeans` mean solve times, as another process may have ended.
 */
const growth = { first: 0.5, most: 0.15, quiet: 0.3, quietMeans: 2 };
/** The threads of other processes are smoothed with this weight; below the least number there are none. */
const sharing = { weight: 0.2, leastOthers: 0.75 };
/** A correction below this changes nothing. */
const smallest = 0.05;
/** The mean solve time, while it is not known, in ms. */
const unknownMeanMs = 5_000;
/** A task waits no less for a thread that was refused, in ms. */
const minHoldMs = 200;
/** and no more than this. */
const maxHoldMs = 10_000;

/**
 * How many threads of the account are busy. A thread is expected to be free as soon as its task is solved, which is before
 * the solution is fetched: of a task of this age, the share `1 - F(age)` is expected to be in work still.
 *
 * Three corrections follow from the answers of the service:
 * - `others`: what the estimate lacks, such as the tasks of other processes. It fades like tasks that are solved.
 * - `trust`: how far a solved task that was not fetched frees its thread; 0 for a service that keeps it until then.
 * - `caution`: how long to wait after "all threads are busy". It bounds the share of such answers.
 */
export class BusyThreads {
  readonly #clock: Clock;
  readonly #shares: SolvedShares | null;
  readonly #uses: ThreadUses;
  readonly #max: number;
  #threads: number;
  #isKnown: boolean;
  #wasFull = false;
  #others = { count: 0, atMs: 0 };
  #meanOthers = 0;
  #trust = 1;
  #caution = 1;
  #fullMs = -Infinity;
  #holdUntilMs = 0;
  #method = '';

  constructor(options: BusyThreadsOptions, uses: ThreadUses, deps: { clock: Clock; shares: SolvedShares | null }) {
    this.#clock = deps.clock;
    this.#shares = deps.shares;
    this.#uses = uses;
    this.#max = options.max;
    this.#threads = Math.min(options.start, options.max);
    this.#isKnown = false;
    if (options.known !== undefined) this.recordThreads(options.known, 0);
  }

  /** At least 1. A whole number where the service has told. */
  get threads(): number {
    return this.#threads;
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** When the latest submission was refused for lack of a thread is over, a thread may be free. */
  get holdMs(): number {
    return Math.max(0, this.#holdUntilMs - this.#clock.nowMs());
  }

  /** The expected time between two threads becoming free, while all are busy, in ms. */
  get turnoverMs(): number {
    return this.#meanMs() / this.#threads;
  }

  /** The expected number of threads that work for these tasks. */
  own(): number {
    const inWork = this.#uses.count('submitting') + this.#uses.count('accepted');
    return this.#trust === 0 ? inWork : inWork - this.#trust * this.#uses.solvedCount();
  }

  /** The expected number of busy threads that work for tasks not known here. May be negative: the estimate is too high. */
  others(): number {
    const { count, atMs } = this.#others;
    if (count === 0) return 0;
    const agedMs = this.#clock.nowMs() - atMs;
    const left = count * Math.exp(-agedMs / (this.#meanMs() * Math.max(1, this.#caution)));
    return Math.abs(left) < smallest ? 0 : left;
  }

  /**
   * How far these tasks use more threads than those of other processes, as a share of all, 0..1. Who uses more leaves the
   * next free thread to the others.
   */
  surplus(): number {
    if (this.#meanOthers < sharing.leastOthers) return 0;
    return Math.max(0, this.own() - this.#meanOthers) / this.#threads;
  }

  /** True if the estimate changes while nothing happens. */
  isChanging(): boolean {
    if (this.holdMs > 0 || this.others() > 0) return true;
    return this.#trust > 0 && this.#uses.isChanging();
  }

  recordAccepted(use: ThreadUse): void {
    this.#method = use.method;
    this.#caution = Math.max(caution.least, this.#caution * caution.shrink);
    this.#trust = Math.min(1, this.#trust + trust.recover);
    // The service has taken more than it has threads: it did not wait for the solutions to be fetched.
    if (this.#uses.count('accepted') > this.#threads) this.#trust += trust.grow * (1 - this.#trust);
    if (this.#isKnown) {
      this.#correctOthers(Math.min(this.others(), this.#threads - this.own()));
      return;
    }
    this.#threads = Math.min(this.#max, this.#threads + this.#growth());
  }

  /** Records that the submission of this task was refused because all threads are busy. The task must not be counted. */
  recordFull(use: ThreadUse): void {
    const nowMs = this.#clock.nowMs();
    const own = this.own();
    if (!this.#isKnown) this.#threads = Math.max(1, Math.min(this.#threads, Math.ceil(own)));
    else this.#correctOthers(Math.max(this.others(), this.#threads - own));
    // Submissions that were under way together say the same.
    if (use.sentMs >= this.#fullMs) {
      this.#caution = Math.min(caution.most, this.#caution * caution.grow);
      if (this.#uses.count('accepted') >= Math.floor(this.#threads)) this.#trust *= trust.shrink;
    }
    this.#wasFull = true;
    this.#fullMs = nowMs;
    this.#holdUntilMs = nowMs + Math.max(minHoldMs, Math.min(maxHoldMs, this.turnoverMs * this.#caution));
  }

  /** Records that a task is done with: the service had solved it before. Call it while the task is counted. */
  recordEnded(use: ThreadUse): void {
    if (use.state !== 'accepted') return;
    const others = this.others();
    if (others < 0) this.#correctOthers(Math.min(0, others + this.#busy(use)));
  }

  /** Records that the service still works on a task. */
  recordNotReady(use: ThreadUse): void {
    const others = this.others();
    if (others > 0) this.#correctOthers(Math.max(0, others - (1 - this.#busy(use))));
    this.#uses.seeBusy(use);
  }

  /** True if a task that is fetched is what frees a thread. */
  get freesWhenFetched(): boolean {
    return this.#trust < 0.5;
  }

  /** Records what the service tells. `own`: the expected number of threads that worked for these tasks then. */
  recordThreads({ threads, workingThreads }: Threads, own: number): void {
    if (threads < 1) return;
    this.#isKnown = true;
    this.#threads = threads;
    this.#meanOthers += sharing.weight * (Math.max(0, workingThreads - own) - this.#meanOthers);
    this.#correctOthers(workingThreads - own);
  }

  /** What is added for an accepted submission if the number of threads is not known. */
  #growth(): number {
    if (!this.#wasFull) return this.#uses.count('accepted') >= this.#threads ? growth.first * this.#threads : 0;
    const isQuiet = this.#clock.nowMs() - this.#fullMs > growth.quietMeans * this.#meanMs();
    return isQuiet ? growth.quiet : Math.min(growth.most, 1 / this.#threads);
  }

  #correctOthers(count: number): void {
    this.#others = { count, atMs: this.#clock.nowMs() };
  }

  /** The expected number of threads that work for this accepted task, 0..1. */
  #busy(use: ThreadUse): number {
    return 1 - this.#trust * this.#uses.solvedChance(use);
  }

  #meanMs(): number {
    return this.#shares?.meanMs(this.#method) ?? unknownMeanMs;
  }
}
