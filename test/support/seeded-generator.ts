import { seededRandom } from '../../src/adapters/virtual/seeded-random.ts';
import type { Random } from '../../src/ports/system.ts';

/** A seeded random generator with several distributions. */
export class SeededGenerator implements Random {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  next(): number {
    return this.#random.next();
  }

  /** True with a probability, 0..1. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Uniform in [from, to). */
  between(from: number, to: number): number {
    return from + this.next() * (to - from);
  }

  /** A whole number, both ends included. */
  whole(from: number, to: number): number {
    return Math.floor(this.between(from, to + 1));
  }

  oneOf<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)]!;
  }

  /** Null, except for a share of the cases. */
  maybe<T>(probability: number, make: () => T): T | null {
    return this.chance(probability) ? make() : null;
  }

  /** This many values, generated one by one. */
  some<T>(count: number, make: (index: number) => T): T[] {
    return Array.from({ length: count }, (_, index) => make(index));
  }
}
