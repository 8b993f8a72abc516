import { joinSignals } from '../../domain/joined-signal.ts';
import type { Threads } from '../../ports/api.ts';
import type { Clock, Random } from '../../ports/system.ts';
import type { SolvedShares } from '../solve/solve-times.ts';
import { BusyThreads } from './busy-threads.ts';
import { type ThreadUse, ThreadUses } from './thread-uses.ts';

export interface ConcurrencyOptions {
  /** The threads of the account to begin with, and the most tasks in work: whole numbers, at least 1. */
  readonly start: number;
  readonly max: number;
  /** What the account has and uses; left out if the service does not tell. */
  readonly known?: Threads;
}

export interface ConcurrencyDeps {
  readonly clock: Clock;
  /** Spreads the tries of several processes; left out where there is only one. */
  readonly random?: Random;
  /** How long the service works on a task; left out, until its solution is fetched. */
  readonly shares?: SolvedShares;
  /** Asks the service for its threads; null without an answer. Left out if it does not tell. */
  readonly readThreads?: () => Promise<Threads | null>;
}

/** The most tasks in work for each thread, including those whose solutions are not fetched yet. */
const maxTasksPerThread = 4;
/** Sums of shares are rounded. */
const rounding = 0.05;
/** An estimate must leave so much more than one thread free. */
const margin = 0.1;
/** How often waiting tasks look at the estimate, in ms, and as a share of the time between two free threads. */
const tick = { leastMs: 25, mostMs: 1_000, share: 0.25 };
/** How often the threads are asked for: in ms, and as a number of threads that became free meanwhile. */
const readEvery = { ms: 500, turnovers: 1, withoutAnswerMs: 60_000 };
/** After a refusal a task waits up to this share longer, so that several processes do not ask in step. */
const spread = 0.5;

/** The place of one task in work. */
export interface TaskSlot {
  /** Waits until a thread is expected to be free, and takes it. False if `maxMs` have passed before. */
  enter(maxMs: number, stop: AbortSignal): Promise<boolean>;
  /** Records that the submission was refused because all threads are busy. */
  recordFull(): void;
  /** `ageMs`: how long ago the submission was accepted. */
  recordAccepted(method: string, ageMs?: number): void;
  /** Records that the service still works on the task. */
  recordNotReady(): void;
  release(): void;
}

interface EnterRequest {
  readonly use: ThreadUse;
  isAdmitted: boolean;
  /** Ends the wait. */
  wake: () => void;
}

/**
 * Keeps the threads of the account busy and no more: a task is submitted when a thread is expected to be free (see
 * `BusyThreads`). Tasks above the limit wait in the order of their requests. A task begins when it is expected to find a
 * thread, or when fewer tasks than threads wait for one.
 */
export class ConcurrencyLimit {
  readonly #max: number;
  readonly #deps: ConcurrencyDeps;
  readonly #uses: ThreadUses;
  readonly #busy: BusyThreads;
  readonly #beginning: ((slot: TaskSlot) => void)[] = [];
  readonly #entering: EnterRequest[] = [];
  #isTicking = false;
  #readAtMs: number;
  #tryAtMs = 0;

  constructor(options: ConcurrencyOptions, deps: ConcurrencyDeps) {
    this.#max = options.max;
    this.#deps = deps;
    const { clock, shares = null } = deps;
    this.#uses = new ThreadUses({ clock, shares });
    this.#busy = new BusyThreads(options, this.#uses, { clock, shares });
    this.#readAtMs = clock.nowMs() + this.#readEveryMs();
  }

  /** How many tasks may wait for a thread or use one. */
  get limit(): number {
    return Math.max(1, Math.floor(Math.min(this.#max, this.#busy.threads)));
  }

  /** Tasks in work. */
  get inFlight(): number {
    return this.#uses.size;
  }

  /** How many more tasks may begin now. */
  get room(): number {
    return Math.max(0, Math.min(this.#ceiling() - this.#uses.size, Math.floor(this.#freeToBegin())));
  }

  /**
   * How many tasks can be in work here if this number of workers shares the account: those that are, and an equal share of the
   * free threads. Those of all workers together are at most the threads of the account. At least 1.
   */
  shareOf(workers: number): number {
    if (!this.#busy.isKnown) return this.limit;
    const own = this.#busy.own();
    const free = Math.max(0, this.#busy.threads - own - Math.max(0, this.#busy.others()));
    return Math.max(1, Math.min(this.limit, Math.floor(own + free / workers + rounding)));
  }

  /** True if no thread of the account is expected to be free, or tasks wait for one. */
  get isFull(): boolean {
    return this.#freeToBegin() - Math.max(0, this.#busy.others()) < 1;
  }

  /** The threads of the account; null if the service has not told. */
  get knownThreads(): number | null {
    return this.#busy.isKnown ? this.#busy.threads : null;
  }

  /** True if a task waits for a thread, and the tasks in work use none. */
  get isBlocked(): boolean {
    return this.#entering.length > 0 && this.isIdle;
  }

  /** True if none of the tasks in work was accepted: all of them wait, or are on their way. */
  get isIdle(): boolean {
    return this.#uses.count('accepted') === 0;
  }

  /** Waits until one more task may begin. Does not wait once `stop` has aborted. */
  async acquire(stop?: AbortSignal): Promise<TaskSlot> {
    const isFirst = this.#beginning.length === 0 && this.#entering.length === 0;
    if (stop?.aborted === true || (isFirst && this.#mayBegin())) return this.#begin();
    let admit: (slot: TaskSlot) => void = () => undefined;
    const slot = new Promise<TaskSlot>((resolve) => (admit = resolve));
    this.#beginning.push(admit);
    this.#admit();
    if (stop === undefined || this.#beginning.at(-1) !== admit) return slot;
    // Many tasks wait on the signal of a run; Node warns about a leak from the eleventh listener on.
    const end = joinSignals(stop);
    const onAbort = (): void => {
      const place = this.#beginning.indexOf(admit);
      if (place < 0) return;
      this.#beginning.splice(place, 1);
      admit(this.#begin());
    };
    end.signal.addEventListener('abort', onAbort, { once: true });
    return slot.finally(end.release);
  }

  #begin(): TaskSlot {
    const use = this.#uses.begin();
    return {
      enter: (maxMs, stop) => this.#enter(use, maxMs, stop),
      recordFull: () => this.#recordFull(use),
      recordAccepted: (method, ageMs = 0) => this.#recordAccepted(use, method, ageMs),
      recordNotReady: () => this.#busy.recordNotReady(use),
      release: () => {
        this.#busy.recordEnded(use);
        this.#uses.end(use);
        if (use.state === 'accepted' && this.#busy.freesWhenFetched) this.#tryAtMs = 0;
        this.#admit();
      },
    };
  }

  async #enter(use: ThreadUse, maxMs: number, stop: AbortSignal): Promise<boolean> {
    this.#uses.wait(use);
    if (this.#entering.length === 0 && this.#maySubmit()) {
      this.#uses.submit(use);
      return true;
    }
    const request: EnterRequest = { use, isAdmitted: false, wake: () => undefined };
    this.#entering.push(request);
    this.#admit();
    if (!request.isAdmitted && !stop.aborted) await this.#untilWoken(request, maxMs, stop);
    if (request.isAdmitted) return true;
    this.#entering.splice(this.#entering.indexOf(request), 1);
    this.#uses.submit(use);
    return stop.aborted;
  }

  async #untilWoken(request: EnterRequest, maxMs: number, stop: AbortSignal): Promise<void> {
    const woken = new AbortController();
    request.wake = () => woken.abort();
    const either = joinSignals(stop, woken.signal);
    await this.#deps.clock.sleep(Math.max(0, maxMs), either.signal);
    either.release();
  }

  #recordFull(use: ThreadUse): void {
    this.#uses.wait(use);
    this.#busy.recordFull(use);
    const { random, clock } = this.#deps;
    this.#tryAtMs = clock.nowMs() + this.#busy.holdMs * (1 + spread * (random?.next() ?? 0));
  }

  #recordAccepted(use: ThreadUse, method: string, ageMs: number): void {
    this.#uses.accept(use, method, ageMs);
    if (ageMs === 0) this.#busy.recordAccepted(use);
    this.#admit();
  }

  #ceiling(): number {
    return Math.min(this.#max, Math.ceil(maxTasksPerThread * this.#busy.threads));
  }

  #freeToBegin(): number {
    const { threads } = this.#busy;
    // What the estimate says is at most this.
    if (this.#uses.size + 1 <= threads) return threads - this.#uses.size;
    // Tasks of others do not keep one from beginning: it waits for a thread within its own time limit.
    return threads + rounding - this.#busy.own() - Math.min(0, this.#busy.others()) - this.#uses.count('waiting');
  }

  #mayBegin(): boolean {
    return this.#uses.size < this.#ceiling() && this.#freeToBegin() >= 1;
  }

  #maySubmit(): boolean {
    if (this.#deps.clock.nowMs() < this.#tryAtMs) return false;
    const { threads } = this.#busy;
    const others = this.#busy.others();
    const isCertain = others <= 0 && this.#uses.size - this.#uses.count('waiting') + 1 <= threads;
    return isCertain || this.#busy.own() + others + 1 <= threads - margin - this.#busy.surplus();
  }

  #admit(): void {
    while (this.#entering.length > 0 && this.#maySubmit()) {
      const next = this.#entering.shift();
      if (next === undefined) break;
      this.#uses.submit(next.use);
      next.isAdmitted = true;
      next.wake();
    }
    while (this.#beginning.length > 0 && this.#mayBegin()) {
      this.#beginning.shift()?.(this.#begin());
    }
    if (this.#isWaiting()) void this.#tickWhileWaiting();
  }

  /** True if the passing of time may admit a task. */
  #isWaiting(): boolean {
    const isBeginning = this.#beginning.length > 0 && this.#uses.size < this.#ceiling();
    return (
      this.#entering.length > 0 || (isBeginning && (this.#busy.isChanging() || this.#deps.readThreads !== undefined))
    );
  }

  async #tickWhileWaiting(): Promise<void> {
    if (this.#isTicking) return;
    this.#isTicking = true;
    const { clock } = this.#deps;
    while (this.#isWaiting()) {
      const tickMs = Math.min(tick.mostMs, Math.max(tick.leastMs, tick.share * this.#busy.turnoverMs));
      await clock.sleep(Math.max(tickMs, Math.min(tick.mostMs, this.#tryAtMs - clock.nowMs())));
      this.#readThreadsWhenDue();
      this.#admit();
    }
    this.#isTicking = false;
  }

  #readEveryMs(): number {
    return Math.max(readEvery.ms, readEvery.turnovers * this.#busy.turnoverMs);
  }

  #readThreadsWhenDue(): void {
    const { clock, readThreads } = this.#deps;
    if (readThreads === undefined || clock.nowMs() < this.#readAtMs) return;
    this.#readAtMs = Infinity;
    const ownBefore = this.#busy.own();
    void readThreads().then((threads) => {
      this.#readAtMs = clock.nowMs() + (threads === null ? readEvery.withoutAnswerMs : this.#readEveryMs());
      if (threads !== null) this.#busy.recordThreads(threads, (ownBefore + this.#busy.own()) / 2);
      this.#admit();
    });
  }
}
