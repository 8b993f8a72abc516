import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apportion } from '../../../src/commands/failover/view.ts';

describe('apportioning tasks', () => {
  it.each<[total: number, shares: readonly number[], parts: readonly number[]]>([
    [100, [0.75, 0.25], [75, 25]],
    [10, [1 / 3, 1 / 3, 1 / 3], [4, 3, 3]],
    [1, [0.5, 0.5], [1, 0]],
    [7, [0.6, 0.3, 0.1], [4, 2, 1]],
    [0, [0.5, 0.5], [0, 0]],
    [5, [1], [5]],
  ])('splits %i by %j into %j', (total, shares, parts) => {
    expect(apportion(total, shares)).toEqual(parts);
  });

  it('loses no task, and differs by less than one from every exact share', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(fc.nat({ max: 10_000_000 }), weights, (total, parts) => {
        const sum = parts.reduce((all, each) => all + each, 0);
        const shares = parts.map((each) => each / sum);
        const whole = apportion(total, shares);
        expect(whole.reduce((all, each) => all + each, 0)).toBe(total);
        whole.forEach((each, index) => expect(Math.abs(each - total * shares[index]!)).toBeLessThan(1 + 1e-6));
      }),
    );
  });
});
