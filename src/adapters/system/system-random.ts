import type { Random } from '../../ports/random.ts';

/** Chance from the runtime; not for secrets. */
export const systemRandom: Random = { next: () => Math.random() };
