import { describe, expect, it } from 'vitest';
import { failoverTarget } from '../../../src/core/fleet/move-tasks.ts';
import type { Region } from '../../../src/domain/region.ts';

const aRegion = (name: string, residency: string | null = null): Region => ({
  ...{ name, location: null, health: null, queue: null, weight: 1, residency },
});
const aMove = (...to: readonly (readonly [region: string, share: number])[]) => ({
  ...{ from: 'a', held: false, reason: '' },
  to: to.map(([region, share]) => ({ region, share })),
});
const plain = { homeRegion: 'a', strict: false };

describe('the targets of a move', () => {
  it('follow the shares of the plan at every moment', () => {
    const targetOf = failoverTarget(
      aMove(['b', 0.6], ['c', 0.4]),
      ['a', 'b', 'c'].map((name) => aRegion(name)),
    );
    const targets = Array.from({ length: 10 }, () => targetOf(plain));
    expect(targets.join('')).toBe('bcbcbbcbcb');
  });

  it('are none for a strict task of a region without a group', () => {
    const targetOf = failoverTarget(aMove(['b', 1]), [aRegion('a'), aRegion('b')]);
    expect(targetOf({ ...plain, strict: true })).toBeNull();
    expect(targetOf(plain)).toBe('b');
  });

  it('are within the group of the home region, in whatever queue the task waits', () => {
    const regions = [aRegion('a'), aRegion('b'), aRegion('c', 'eu'), aRegion('home', 'eu')];
    const targetOf = failoverTarget(aMove(['b', 0.9], ['c', 0.1]), regions);
    expect(targetOf({ homeRegion: 'home', strict: false })).toBe('c');
  });
});
