import { nextTick } from 'node:process';
import type { Clock } from '../../ports/system.ts';

/** A binary min-heap: the first of n elements at hand, push and pop in O(log n). */
export class MinHeap<T> {
  readonly #isBefore: (a: T, b: T) => boolean;
  readonly #elements: T[] = [];

  /** `isBefore` is a strict total order. */
  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  /** The first element, which stays; undefined where there is none. */
  peek(): T | undefined {
    return this.#elements[0];
  }

  push(element: T): void {
    const elements = this.#elements;
    let hole = elements.length;
    while (hole > 0) {
      const above = (hole - 1) >> 1;
      const parent = elements[above] as T;
      if (!this.#isBefore(element, parent)) break;
      elements[hole] = parent;
      hole = above;
    }
    elements[hole] = element;
  }

  /** Takes the first element out; undefined where there is none. */
  pop(): T | undefined {
    const first = this.#elements[0];
    const last = this.#elements.pop();
    if (last !== undefined && this.#elements.length > 0) this.#sink(last);
    return first;
  }

  /** Fills the hole at the top, below which everything is in order, with `element`. */
  #sink(element: T): void {
    const elements = this.#elements;
    let hole = 0;
    for (;;) {
      const below = this.#earlierChildOf(hole);
      const child = elements[below];
      if (child === undefined || !this.#isBefore(child, element)) break;
      elements[hole] = child;
      hole = below;
    }
    elements[hole] = element;
  }

  #earlierChildOf(index: number): number {
    const left = 2 * index + 1;
    const [first, second] = [this.#elements[left], this.#elements[left + 1]];
    return first !== undefined && second !== undefined && this.#isBefore(second, first) ? left + 1 : left;
  }
}

interface Sleeper {
  readonly dueMs: number;
  /** Counts the sleeps of this clock: of two that are due together, the one that fell asleep first wakes first. */
  readonly order: number;
  readonly wake: () => void;
  /** True where a signal ended the sleep early; the heap forgets such a sleeper when it reaches it. */
  isAwake: boolean;
}

/** So many steps without a turn of the event loop are a few milliseconds. */
const stepsPerTurn = 1_024;

function isBefore(a: Sleeper, b: Sleeper): boolean {
  return a.dueMs === b.dueMs ? a.order < b.order : a.dueMs < b.dueMs;
}

/**
 * Resolves when every chain of promises that can go on without the clock has done so.
 *
 * Node empties the queue of microtasks, however much it grows meanwhile, before it looks at a tick that a microtask asked
 * for; so one tick is enough for chains of any length, at a fifth of the cost of a turn of the event loop. A turn is
 * taken first of all, since the caller may not be in a microtask, and now and then, so that signals and screens live.
 */
function settled(step: number): Promise<void> {
  return new Promise((resolve) => {
    if (step % stepsPerTurn === 0) setImmediate(resolve);
    else nextTick(resolve);
  });
}

/**
 * A clock whose time passes only when it is told to, and then without waiting. One sleeper wakes at a time, and what it
 * sets off is over before the next one wakes, so the same program takes the same steps every time. That holds for
 * chains of promises and for this clock's sleeps; whoever awaits a socket or a real timer is not waited for.
 */
export class VirtualClock implements Clock {
  readonly #startedAt: number;
  readonly #sleepers = new MinHeap<Sleeper>(isBefore);
  readonly #bySignal = new WeakMap<AbortSignal, Set<Sleeper>>();
  #nowMs = 0;
  #sleepCount = 0;
  #isDriven = false;

  /** `startedAt`: what the wall clock shows at the start, in ms since the epoch. */
  constructor(startedAt = 0) {
    this.#startedAt = startedAt;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  timestamp(): number {
    return this.#startedAt + this.#nowMs;
  }

  /** A sleep of 0 wakes at the same moment, behind those that are due already; one of Infinity only by its signal. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const companions = signal === undefined ? undefined : this.#sleepersOn(signal);
      const wake = (): void => {
        sleeper.isAwake = true;
        companions?.delete(sleeper);
        resolve();
      };
      const dueMs = this.#nowMs + (ms > 0 ? ms : 0);
      const sleeper: Sleeper = { dueMs, order: (this.#sleepCount += 1), wake, isAwake: false };
      companions?.add(sleeper);
      if (dueMs < Infinity) this.#sleepers.push(sleeper);
    });
  }

  /** Lets time pass from sleeper to sleeper until nobody sleeps. Rejects where the clock is being driven already. */
  run(): Promise<void> {
    return this.#runUntil(Infinity);
  }

  /** Lets `ms` pass, waking whoever is due. Rejects where the clock is being driven already. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await this.#runUntil(endMs);
    this.#nowMs = endMs;
  }

  async #runUntil(endMs: number): Promise<void> {
    if (this.#isDriven) throw new Error('the virtual clock is being driven already');
    this.#isDriven = true;
    for (let step = 0; ; step += 1) {
      await settled(step);
      const sleeper = this.#nextUntil(endMs);
      if (sleeper === null) break;
      this.#nowMs = sleeper.dueMs;
      sleeper.wake();
    }
    this.#isDriven = false;
  }

  #nextUntil(endMs: number): Sleeper | null {
    for (;;) {
      const sleeper = this.#sleepers.peek();
      if (sleeper === undefined || sleeper.dueMs > endMs) return null;
      this.#sleepers.pop();
      if (!sleeper.isAwake) return sleeper;
    }
  }

  /** One listener for all that sleep on a signal: a listener each would cost every sleep a walk past all the others. */
  #sleepersOn(signal: AbortSignal): Set<Sleeper> {
    const known = this.#bySignal.get(signal);
    if (known !== undefined) return known;
    const sleepers = new Set<Sleeper>();
    const wakeAll = (): void => sleepers.forEach((sleeper) => sleeper.wake());
    signal.addEventListener('abort', wakeAll, { once: true });
    this.#bySignal.set(signal, sleepers);
    return sleepers;
  }
}
