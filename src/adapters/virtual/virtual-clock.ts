import { nextTick } from 'node:process';
import type { Clock } from '../../ports/system.ts';

/** A binary min-heap: peek in O(1), push and pop in O(log n). */
export class MinHeap<T> {
  readonly #isBefore: (a: T, b: T) => boolean;
  readonly #elements: T[] = [];

  /** `isBefore` is a strict total order. */
  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  /** The first element, without removing it; undefined if the heap is empty. */
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

  /** Removes and returns the first element; undefined if the heap is empty. */
  pop(): T | undefined {
    const first = this.#elements[0];
    const last = this.#elements.pop();
    if (last !== undefined && this.#elements.length > 0) this.#sink(last);
    return first;
  }

  /** Puts `element` in place of the root and restores the heap order. */
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
  /** Sequence number of the sleep: of two that are due together, the earlier one wakes first. */
  readonly order: number;
  readonly wake: () => void;
  /** True if a signal ended the sleep early; the heap skips such a sleeper when it reaches it. */
  isAwake: boolean;
}

/** Steps between two turns of the event loop; they take a few milliseconds. */
const stepsPerTurn = 1_024;

function isBefore(a: Sleeper, b: Sleeper): boolean {
  return a.dueMs === b.dueMs ? a.order < b.order : a.dueMs < b.dueMs;
}

/**
 * Resolves when all promise chains that do not need the clock have settled.
 *
 * Node drains the whole microtask queue, however much it grows meanwhile, before it runs a tick that a microtask
 * requested. So one tick is enough for chains of any length, at a fifth of the cost of a turn of the event loop. The
 * first step takes a turn, because the caller may not be in a microtask, and so does every `stepsPerTurn`-th step, so
 * that signals and displays keep working.
 */
function settled(step: number): Promise<void> {
  return new Promise((resolve) => {
    if (step % stepsPerTurn === 0) setImmediate(resolve);
    else nextTick(resolve);
  });
}

/**
 * A clock whose time passes only on request, and then without waiting. One sleeper wakes at a time, and everything that
 * it triggers is finished before the next one wakes, so the same program always takes the same steps. That holds for
 * promise chains and for this clock's sleeps, not for sockets and real timers.
 */
export class VirtualClock implements Clock {
  readonly #startedAt: number;
  readonly #sleepers = new MinHeap<Sleeper>(isBefore);
  readonly #bySignal = new WeakMap<AbortSignal, Set<Sleeper>>();
  #nowMs = 0;
  #sleepCount = 0;
  #isDriven = false;

  /** `startedAt`: the wall clock at the start, in ms since the epoch. */
  constructor(startedAt = 0) {
    this.#startedAt = startedAt;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  timestamp(): number {
    return this.#startedAt + this.#nowMs;
  }

  /**
   * A sleep of 0 wakes at the same time, after those that are already due; a sleep of Infinity ends only by its signal.
   */
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

  /** Advances time from sleeper to sleeper until none is left. Rejects if the clock is already being advanced. */
  run(): Promise<void> {
    return this.#runUntil(Infinity);
  }

  /** Advances time by `ms` and wakes all due sleepers. Rejects if the clock is already being advanced. */
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

  /**
   * One listener per signal for all its sleepers: with a listener each, every sleep would search through all others.
   */
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
