import type { Config } from '../../config/schema.ts';
import { compileRouter } from '../../core/routing/region-router.ts';
import type { RegionRouter } from '../../core/routing/route-decision.ts';
import { knownNames } from '../../domain/closest-name.ts';
import type { TaskRefusal } from './task-refusal.ts';

type Region = Config['regions'][number];

/** The region that a task is labelled with, and what decided it. */
export interface TaskRegion {
  readonly region: Region | null;
  /** `--region` or the column where a person chose it, else the rule of the route; null where nothing decided. */
  readonly rule: string | null;
}

export type RegionOf = (chosen: string | null, pageurl: string | null) => TaskRegion | TaskRefusal;

const nowhere: TaskRegion = { region: null, rule: null };

function routed(router: RegionRouter, pageurl: string, byName: ReadonlyMap<string, Region>): TaskRegion | TaskRefusal {
  const { region, rule, error } = router.route(pageurl);
  if (error !== null) {
    return { about: 'pageurl', reason: `pageurl: ${error}`, fix: 'write https://...' };
  }
  return region === null ? nowhere : { region: byName.get(region) ?? null, rule };
}

/** Compiles the routes of a configuration. A task without a page goes to the default region. */
export function taskRegions({ regions, routes }: Config): RegionOf {
  const byName = new Map(regions.map((region) => [region.name, region]));
  const router = compileRouter(regions, routes);
  return (chosen, pageurl) => {
    if (chosen === null && pageurl !== null && regions.length > 0) return routed(router, pageurl, byName);
    const name = chosen ?? routes.default;
    if (name === null) return nowhere;
    const region = byName.get(name);
    const known = regions.length === 0 ? 'no regions are configured' : knownNames(name, [...byName.keys()]);
    if (region === undefined) return { about: 'region', reason: `region ${name}: no such region`, fix: known };
    return { region, rule: chosen === null ? 'default' : 'chosen' };
  };
}
