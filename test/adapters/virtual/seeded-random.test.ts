import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';

function draws(seed: number, count: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => random.next());
}

describe('seededRandom', () => {
  it('gives the same numbers for the same seed, and others for another one', () => {
    const seed = fc.maxSafeNat();
    fc.assert(fc.property(seed, (same) => draws(same, 5).join() === draws(same, 5).join()));
    fc.assert(fc.property(seed, seed, (a, b) => a === b || draws(a, 2).join() !== draws(b, 2).join()));
  });

  it('uses every bit of the seed', () => {
    const seeds = Array.from({ length: 53 }, (_, bit) => 2 ** bit);
    expect(new Set(seeds.map((seed) => draws(seed, 1)[0])).size).toBe(53);
  });

  it('keeps its sequence across releases', () => {
    expect(draws(1, 3)).toEqual([0.4143997614965732, 0.3868573653355908, 0.967716195918118]);
  });

  it('is uniform in [0, 1)', () => {
    const counts = Array.from({ length: 20 }, () => 0);
    for (const draw of draws(7, 100_000)) counts[Math.floor(draw * 20)]! += 1;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 5_000) ** 2 / 5_000, 0);
    // The 99.9th percentile for 19 degrees of freedom.
    expect(chiSquare).toBeLessThan(43.82);
  });
});
