import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FailoverMove,
  type FailoverOptions,
  planFailover,
  type RegionState,
} from '../../../src/core/regions/failover-plan.ts';
import { isServing } from '../../../src/domain/region.ts';
import { anyFleet, aState } from './some-regions.ts';
import { runs } from '../../support/exhaustive.ts';

const anyOptions: fc.Arbitrary<FailoverOptions> = fc.record({
  strategy: fc.constantFrom('spread', 'lowest-depth'),
  onAllDown: fc.constantFrom('hold', 'home'),
});

/** Checks a property of every move of every plan. */
function always(check: (move: FailoverMove, stateOf: (name: string) => RegionState) => void): void {
  const plans = fc.property(anyFleet, anyOptions, (states, options) => {
    const byName = new Map(states.map((state) => [state.region.name, state]));
    for (const move of planFailover(states, options)) check(move, (name) => byName.get(name)!);
  });
  fc.assert(plans, { numRuns: runs(1_000) });
}

describe('any failover plan', () => {
  it('has shares that are above 0 and add up to 1', () => {
    always(({ to }) => {
      if (to.length === 0) return;
      expect(to.every(({ share }) => share > 0)).toBe(true);
      expect(Math.abs(to.reduce((sum, { share }) => sum + share, 0) - 1)).toBeLessThan(1e-9);
    });
  });

  it('moves from unhealthy regions only, to others that serve, each once', () => {
    always(({ from, to }, stateOf) => {
      expect(stateOf(from).health.status).toBe('unhealthy');
      for (const { region } of to) expect(isServing(stateOf(region).health.status)).toBe(true);
      expect(new Set(to.map(({ region }) => region)).size).toBe(to.length);
    });
  });

  it('never crosses a residency group', () => {
    always(({ from, to }, stateOf) => {
      const { residency } = stateOf(from).region;
      if (residency === null) return;
      expect(to.filter(({ region }) => stateOf(region).region.residency !== residency)).toEqual([]);
    });
  });

  it('has a move for every unhealthy region, and holds nothing that could be moved', () => {
    fc.assert(
      fc.property(anyFleet, anyOptions, (states, options) => {
        const unhealthy = states.filter(({ health }) => health.status === 'unhealthy');
        const moves = planFailover(states, options);
        expect(moves.map(({ from }) => from)).toEqual(unhealthy.map(({ region }) => region.name));
        for (const { to, held } of moves) expect(held && to.length > 0).toBe(false);
      }),
    );
  });

  it('never gives a deeper queue a larger share than a shallower one of equal workers', () => {
    always(({ to }, stateOf) => {
      for (const one of to) {
        const { health, redirectedCount } = stateOf(one.region);
        const load = (health.queueDepth ?? NaN) + redirectedCount;
        const emptier = to.filter(({ region }) => {
          const other = stateOf(region);
          const isAlike = other.health.activeWorkers === health.activeWorkers && other.health.status === health.status;
          const isCounted = (health.activeWorkers ?? 0) > 0;
          return isAlike && isCounted && (other.health.queueDepth ?? NaN) + other.redirectedCount < load;
        });
        for (const { share } of emptier) expect(share).toBeGreaterThanOrEqual(one.share - 1e-6);
      }
    });
  });

  it('never gives a region more because its queue grew deeper', () => {
    const shareOf = (states: readonly RegionState[]): number =>
      planFailover([aState('x', { status: 'unhealthy', queueDepth: 50 }), ...states], {
        strategy: 'spread',
        onAllDown: 'hold',
      })[0]!.to.find(({ region }) => region === 'r0')?.share ?? 0;
    const depth = fc.nat({ max: 10_000 });
    fc.assert(
      fc.property(anyFleet, depth, depth, ([first, ...rest], before, more) => {
        const serving = rest.filter(({ health }) => isServing(health.status));
        const withDepth = (queueDepth: number): RegionState[] => [
          { ...first!, health: { ...first!.health, status: 'healthy', queueDepth } },
          ...serving,
        ];
        expect(shareOf(withDepth(before + more))).toBeLessThanOrEqual(shareOf(withDepth(before)) + 1e-6);
      }),
      { numRuns: runs(1_000) },
    );
  });
});
