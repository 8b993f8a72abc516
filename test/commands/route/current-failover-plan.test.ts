import { describe, expect, it } from 'vitest';
import { createCurrentFailoverPlan } from '../../../src/commands/route/current-failover-plan.ts';
import type { FailoverMove } from '../../../src/core/regions/failover-plan.ts';
import { aRow } from './route-rows.ts';

const regions = ['a', 'b', 'c'].map((name) => ({
  ...{ name, location: null, health: null, queue: null, weight: 1 },
  residency: name === 'c' ? 'eu' : null,
}));
const move = (special: Partial<FailoverMove>): FailoverMove => ({
  ...{ from: 'a', to: [], held: false, reason: 'by free capacity' },
  ...special,
});
const decided = (region: string | null, strict = false) => aRow({ decision: { region, strict } }).decision;
const spread = move({
  to: [
    { region: 'b', share: 0.75 },
    { region: 'c', share: 0.25 },
  ],
});

describe('a page under the failover plan', () => {
  it.each([
    ['stays in a region that serves', 'b', spread, false, 'b'],
    ['has no region where its route has none', null, spread, false, null],
    ['is held where its region is', 'a', move({ held: true }), false, null],
    ['is sent home where the plan says so', 'a', move({}), false, 'a'],
    ['goes to the only target', 'a', move({ to: [{ region: 'b', share: 1 }] }), false, 'b'],
    ['is held where it must stay in a region without a group', 'a', spread, true, null],
    ['may leave within the group of its region', 'c', move({ from: 'c', to: [{ region: 'b', share: 1 }] }), true, 'b'],
    [
      'finds a target though the shares do not quite add up',
      'a',
      move({ to: [{ region: 'b', share: 0 }] }),
      false,
      'b',
    ],
  ] as const)('%s', (_name, region, one, strict, effective) => {
    expect(createCurrentFailoverPlan([one], regions).effective(decided(region, strict), 'https://example.com/')).toBe(
      effective,
    );
  });

  it('always goes to the same region', () => {
    const plan = createCurrentFailoverPlan([spread], regions);
    const goes = (): readonly unknown[] =>
      [1, 2, 3].map((page) => plan.effective(decided('a'), `https://x.de/${page}`));
    expect(goes()).toEqual(goes());
  });

  it.each(['https://shop.example.de/login/#', 'https://#.example.de/', '#'])(
    'like %s follows the shares together with similar ones',
    (pattern) => {
      const plan = createCurrentFailoverPlan([spread], regions);
      const pages = Array.from({ length: 10_000 }, (_, page) => pattern.replace('#', String(page)));
      const inB = pages.filter((page) => plan.effective(decided('a'), page) === 'b').length;
      expect(inB / pages.length).toBeGreaterThan(0.72);
      expect(inB / pages.length).toBeLessThan(0.78);
    },
  );
});
