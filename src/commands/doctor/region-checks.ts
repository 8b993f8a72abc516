import { formatMs } from '../../cli/format.ts';
import { isServing, type RegionHealth } from '../../domain/region.ts';
import type { Result } from '../../domain/result.ts';
import { combined, failure, type Finding, ok, type Problem, skipped, warning } from './finding.ts';

/** Where a region is. */
export interface LocatedRegion {
  readonly name: string;
  /** Null if unknown. */
  readonly place: readonly [latitude: number, longitude: number] | null;
}

/** How far two places are apart, in km. */
export type Distance = (a: readonly [number, number], b: readonly [number, number]) => number;

/** One flood, one power cut or one fibre cut takes places that are as near as this. */
const samePlaceKm = 100;

function nearFindings(regions: readonly LocatedRegion[], distanceKm: Distance): readonly Finding[] {
  const pairs = regions.flatMap((a, index) => regions.slice(index + 1).map((b) => ({ a, b })));
  return pairs.flatMap(({ a, b }) => {
    if (a.place === null || b.place === null) return [];
    const km = Math.round(distanceKm(a.place, b.place));
    if (km >= samePlaceKm) return [];
    const found = `${a.name} and ${b.name} are at the same location (${km} km apart): they can fail together`;
    return [warning(found, 'move one of them to another location')];
  });
}

/** Maximum number of regions that are named; further ones are counted. */
const maxNames = 5;

function placelessFindings(regions: readonly LocatedRegion[]): readonly Finding[] {
  const names = regions.filter(({ place }) => place === null).map(({ name }) => name);
  if (names.length === 0) return [];
  const more = names.length > maxNames ? ` and ${names.length - maxNames} more` : '';
  const [noun, have] = names.length === 1 ? ['region', 'has'] : ['regions', 'have'];
  const list = `${names.slice(0, maxNames).join(', ')}${more}`;
  return [warning(`${noun} ${list} ${have} no location`, 'set regions[].location')];
}

/** Whether another location remains if one fails. */
export function checkRegions(regions: readonly LocatedRegion[], distanceKm: Distance): Finding {
  const found = regions.map(({ name }) => name).join(', ');
  if (regions.length === 0)
    return ok('no regions are configured: tasks are solved without a region (captcha route needs regions)');
  if (regions.length === 1) {
    return warning(`only ${found}: no failover target exists`, 'add a second region in another location');
  }
  return combined([ok(found), ...nearFindings(regions, distanceKm), ...placelessFindings(regions)]);
}

/** What the routes lead to. */
export interface RouteFacts {
  readonly regions: readonly string[];
  readonly default: string | null;
  readonly countries: boolean;
  readonly ruleCount: number;
  /** The regions that no rule, country or default leads to, or why the routes cannot be used. */
  readonly unreachable: Result<readonly string[], Problem>;
}

function summary({ ruleCount, countries, default: fallback }: RouteFacts): string {
  const rules = `${ruleCount} rule${ruleCount === 1 ? '' : 's'}`;
  return `${rules}, countries ${countries ? 'on' : 'off'}, default: ${fallback ?? 'no region'}`;
}

function reachFinding(unreachable: readonly string[], { regions }: RouteFacts): readonly Finding[] {
  const reached = regions.filter((name) => !unreachable.includes(name));
  if (unreachable.length === 0 || reached.length === 0) return [];
  const isOne = reached.length === 1 && regions.length > 1;
  const found = isOne ? `all URLs are routed to ${reached.join('')}` : `no rule routes to ${unreachable.join(', ')}`;
  const fix = 'add routes.rules, or set routes.countries to true; captcha route --file URLS shows the shares';
  return [warning(found, fix)];
}

/** Whether the rules lead somewhere, and to every region. */
export function checkRoutes(facts: RouteFacts): Finding {
  if (facts.regions.length === 0) return skipped('no regions are configured');
  if ('error' in facts.unreachable) return failure(facts.unreachable.error.message, facts.unreachable.error.hint);
  const noDefault = warning('URLs without a matching rule have no region', 'set routes.default');
  return combined([
    ok(summary(facts)),
    ...(facts.default === null ? [noDefault] : []),
    ...reachFinding(facts.unreachable.value, facts),
  ]);
}

function findingOf({ region, status, latencyMs, error }: RegionHealth): Finding {
  const latency = latencyMs === null ? '' : ` in ${formatMs(latencyMs)}`;
  const why = error === null ? '' : `: ${error}`;
  const found = `${region} is ${status}${latency}${why}`;
  if (status === 'unknown')
    return warning(`${region} has unknown health${why}`, `set the health URL of region ${region}`);
  if (!isServing(status)) return failure(found, `check the workers of ${region}; captcha health --watch shows changes`);
  return status === 'degraded' ? warning(found, `check the workers of ${region}`) : ok(found);
}

/** Whether every region's health endpoint can be reached and says that it serves. */
export function checkRegionHealth(regions: readonly RegionHealth[], note: string | null): Finding {
  if (regions.length === 0) return skipped('no regions are configured');
  if (regions.every(({ status }) => status === 'unknown')) {
    return skipped('no region has a health endpoint', 'set regions[].health so that failing regions are detected');
  }
  const { status, found, fix } = combined(regions.map(findingOf));
  // A note says whose fault it is where several fail, which is worth nothing where all is well.
  return { status, found: note === null || status === 'ok' ? found : `${found}\n${note}`, fix };
}
