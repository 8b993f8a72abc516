import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import type { RegionState } from '../../../src/core/regions/failover-plan.ts';
import { FailoverRouter, type FailoverRouterOptions } from '../../../src/core/regions/failover-router.ts';
import { aState } from './some-regions.ts';

const spread: FailoverRouterOptions = { strategy: 'spread', onAllDown: 'hold', rampMs: 60_000 };

function aRouter(options: Partial<FailoverRouterOptions> = {}) {
  const clock = new VirtualClock();
  return { clock, router: new FailoverRouter({ ...spread, ...options }, { clock, random: seededRandom(1) }) };
}

function routerOver(states: readonly RegionState[], options: Partial<FailoverRouterOptions> = {}): FailoverRouter {
  const { router } = aRouter(options);
  router.observe(states);
  return router;
}

/** How many of `count` tasks of `home` each region gets. */
function placed(router: FailoverRouter, home: string, count: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let task = 0; task < count; task += 1) {
    const { region } = router.place({ home, strict: false });
    counts[region ?? 'held'] = (counts[region ?? 'held'] ?? 0) + 1;
  }
  return counts;
}

const dead = (name: string, special = {}): RegionState => aState(name, { status: 'unhealthy', ...special });

describe('the failover router', () => {
  it.each(['healthy', 'degraded', 'idle', 'unknown'] as const)('leaves tasks in a region that is %s', (status) => {
    const router = routerOver([aState('a', { status, queueDepth: 1_000 }), aState('b', { queueDepth: 0 })]);
    expect(placed(router, 'a', 50)).toEqual({ a: 50 });
  });

  it('sends the tasks of an unhealthy region to the others by free workers', () => {
    const router = routerOver([
      dead('x'),
      aState('a', { activeWorkers: 3_000, queueDepth: 0 }),
      aState('b', { activeWorkers: 1_000, queueDepth: 0 }),
    ]);
    const { a = 0, b = 0 } = placed(router, 'x', 1_000);
    expect(a + b).toBe(1_000);
    expect(a).toBeGreaterThan(690);
    expect(a).toBeLessThan(810);
  });

  it('counts the tasks sent since the regions were measured', () => {
    const regions = [
      dead('x'),
      aState('a', { activeWorkers: 30, queueDepth: 0 }),
      aState('b', { activeWorkers: 10, queueDepth: 0 }),
    ];
    const router = routerOver(regions);
    // Above the free capacity chance matters less and less: the fuller region gets almost nothing.
    const { a = 0 } = placed(router, 'x', 400);
    expect(Math.abs(a - 300)).toBeLessThan(12);
  });

  it('fills a shorter queue first, even with the same measurement', () => {
    const router = routerOver([
      dead('x', { queueDepth: 0 }),
      aState('a', { activeWorkers: 50, queueDepth: 300 }),
      aState('b', { activeWorkers: 50, queueDepth: 0 }),
    ]);
    const first = placed(router, 'x', 200);
    expect(first).toEqual({ b: 200 });
    const { a = 0 } = placed(router, 'x', 400);
    expect(a).toBeGreaterThan(100);
  });

  it('resets its counts when the regions are measured again', () => {
    const states = [
      dead('x'),
      aState('a', { activeWorkers: 10, queueDepth: 100 }),
      aState('b', { activeWorkers: 10, queueDepth: 0 }),
    ];
    const router = routerOver(states);
    placed(router, 'x', 90);
    router.observe(states);
    expect(placed(router, 'x', 80)).toEqual({ b: 80 });
  });

  it('makes the same choices every time', () => {
    const states = [dead('x'), aState('a'), aState('b'), aState('c')];
    const history = (): (string | null)[] => {
      const router = routerOver(states);
      return Array.from({ length: 100 }, () => router.place({ home: 'x', strict: false }).region);
    };
    expect(history()).toEqual(history());
    expect(new Set(history()).size).toBe(3);
  });

  it.each<[why: string, states: readonly RegionState[], strict: boolean, reason: string]>([
    ['no region serves', [dead('x'), dead('a')], false, 'no healthy region'],
    ['its group is down', [dead('x', { residency: 'eu' }), aState('a')], false, 'no healthy region in residency eu'],
    ['it is strict and has no group', [dead('x'), aState('a')], true, 'strict, and x has no residency group'],
  ])('holds a task if %s', (_why, states, strict, reason) => {
    expect(routerOver(states).place({ home: 'x', strict })).toEqual({ region: null, reason });
  });

  it('keeps a strict task inside the residency group', () => {
    const states = [dead('x', { residency: 'eu' }), aState('a', { residency: 'eu' }), aState('b')];
    const router = routerOver(states);
    const places = Array.from({ length: 50 }, () => router.place({ home: 'x', strict: true }).region);
    expect(new Set(places)).toEqual(new Set(['a']));
  });

  it.each([true, false])('sends tasks home with no region serving and onAllDown home (strict: %s)', (strict) => {
    const router = routerOver([dead('x'), dead('a')], { onAllDown: 'home' });
    expect(router.place({ home: 'x', strict })).toEqual({
      region: 'x',
      reason: 'no healthy region: tasks stay in their own region',
    });
  });

  it('sends all to the shortest queue under lowest-depth, however many it has sent', () => {
    const states = [dead('x'), aState('a', { queueDepth: 4 }), aState('b', { queueDepth: 3 })];
    expect(placed(routerOver(states, { strategy: 'lowest-depth' }), 'x', 500)).toEqual({ b: 500 });
  });

  it('tells the target of a task and the reason', () => {
    const router = routerOver([dead('x'), aState('a')]);
    expect(router.place({ home: 'x', strict: false })).toEqual({ region: 'a', reason: 'x is unhealthy' });
    expect(router.place({ home: 'a', strict: false })).toEqual({ region: 'a', reason: 'its own region' });
  });

  it('rejects an unmeasured home region', () => {
    expect(() => routerOver([aState('a')]).place({ home: 'b', strict: false })).toThrow(
      new RangeError('unknown region b'),
    );
  });
});

describe('failback', () => {
  const back = [aState('x'), aState('a')];

  async function afterOutage(waitMs: number, rampMs: number | null = 60_000): Promise<FailoverRouter> {
    const { clock, router } = aRouter({ rampMs });
    router.observe([dead('x'), aState('a')]);
    await clock.advance(600_000);
    router.observe(back);
    await clock.advance(waitMs);
    // A further report of a serving region does not restart the ramp.
    router.observe(back);
    return router;
  }

  it.each([
    [0, 0],
    [15_000, 0.25],
    [30_000, 0.5],
    [60_000, 1],
    [90_000, 1],
  ])('%i ms after a region serves again gives it %f of its tasks', async (waitMs, share) => {
    const { x = 0 } = placed(await afterOutage(waitMs), 'x', 2_000);
    expect(Math.abs(x / 2_000 - share)).toBeLessThan(0.04);
  });

  it('is immediate without a ramp', async () => {
    expect(placed(await afterOutage(0, null), 'x', 100)).toEqual({ x: 100 });
  });

  it('gives a region that was never unhealthy all of its tasks from the start', () => {
    expect(placed(routerOver(back), 'x', 100)).toEqual({ x: 100 });
  });

  it('reports that the region is coming back', async () => {
    const placement = (await afterOutage(0)).place({ home: 'x', strict: false });
    expect(placement).toEqual({ region: 'a', reason: 'x is recovering' });
  });

  it('applies the same ramp to tasks of other regions', async () => {
    const { clock, router } = aRouter();
    router.observe([dead('x'), dead('y'), aState('a')]);
    router.observe([dead('x'), aState('y'), aState('a')]);
    await clock.advance(15_000);
    router.observe([dead('x'), aState('y', { activeWorkers: 9_999 }), aState('a', { activeWorkers: 9_999 })]);
    const { y = 0 } = placed(router, 'x', 2_000);
    expect(Math.abs(y / 2_000 - 0.2)).toBeLessThan(0.03);
  });

  it('gives a region its own tasks at once if no other region can take them', () => {
    const { router } = aRouter();
    router.observe([dead('x'), dead('a')]);
    router.observe([aState('x'), dead('a')]);
    expect(placed(router, 'x', 20)).toEqual({ x: 20 });
    expect(placed(router, 'a', 20)).toEqual({ x: 20 });
  });

  it('returns strict tasks at once if their home has no residency group', async () => {
    expect((await afterOutage(0)).place({ home: 'x', strict: true }).region).toBe('x');
  });
});
