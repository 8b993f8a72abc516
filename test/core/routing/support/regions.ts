import { compileRouter } from '../../../../src/core/routing/region-router.ts';
import type { RegionRouter, Routes } from '../../../../src/core/routing/route-decision.ts';
import type { Region } from '../../../../src/domain/region.ts';

/** A region as parsed from the configuration, with only the given fields set. */
export function aRegion(name: string, special: Partial<Region> = {}): Region {
  return { name, location: null, health: null, queue: null, weight: 1, residency: null, ...special };
}

/** The regions of the article. */
export const articleRegions = ['us-east-1', 'eu-west-1', 'ap-southeast-1'].map((name) => aRegion(name));

type Rule = Routes['rules'][number];

/** A rule in the form `match region`. */
export function aRule(text: string, residency: 'strict' | null = null): Rule {
  const [match = '', region = ''] = text.split(/ +/);
  return { match, region, residency };
}

/** A router for rules in the form `match region`, with us-east-1 as the default. */
export function aRouter(
  rules: readonly string[],
  special: Partial<Routes> = {},
  regions = articleRegions,
): RegionRouter {
  return compileRouter(regions, {
    default: 'us-east-1',
    countries: true,
    rules: rules.map((text) => aRule(text)),
    ...special,
  });
}
