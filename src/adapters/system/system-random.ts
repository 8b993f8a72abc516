import type { Random } from '../../ports/random.ts';

/** Chance from the runtime; not for secrets. */
export class SystemRandom implements Random {
  next(): number {
    return Math.random();
  }
}
