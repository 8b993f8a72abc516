import type { FailoverOptions } from '../../src/core/regions/failover-plan.ts';
import { FailoverRouter } from '../../src/core/regions/failover-router.ts';
import { isServing, type RegionHealth } from '../../src/domain/region.ts';
import type { MakeRule } from './outage-fleet.ts';

/** A rule of the article: one target for all, chosen by the assumed queue depths. */
function oneTarget(depthOf: (health: RegionHealth) => number): MakeRule {
  return () => {
    let regions: readonly RegionHealth[] = [];
    const isUp = (name: string): boolean => regions.some(({ region, status }) => region === name && isServing(status));
    return {
      observe: (measured) => {
        regions = measured.map(({ health }) => health);
      },
      place: (home) => {
        if (isUp(home)) return home;
        const serving = regions.filter(({ status }) => isServing(status));
        return serving.reduce((best, each) => (depthOf(each) < depthOf(best) ? each : best)).region;
      },
    };
  };
}

function ours(options: FailoverOptions): MakeRule {
  return (deps) => {
    const router = new FailoverRouter({ ...options, rampMs: 60_000 }, deps);
    return {
      observe: (measured) => router.observe(measured),
      place: (home) => router.place({ home, strict: false }).region ?? home,
    };
  };
}

/** The compared rules. The article's code reads a key that is never written, so every depth is 0. */
export const placingRules = {
  'article as written': oneTarget(() => 0),
  'lowest depth, key fixed': oneTarget(({ queueDepth }) => queueDepth ?? 0),
  'failover.strategy lowest-depth': ours({ strategy: 'lowest-depth', onAllDown: 'hold' }),
  'failover.strategy spread': ours({ strategy: 'spread', onAllDown: 'hold' }),
} satisfies Record<string, MakeRule>;
