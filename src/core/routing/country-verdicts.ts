import type { Region } from '../../domain/region.ts';
import type { Country } from './countries/country.ts';
import { countries } from './country-centres.ts';
import { foreignUse } from './foreign-use.ts';
import { scriptDomains } from './idn-country-domains.ts';
import { locatedRegions, type LocatedRegion, nearestRegion } from './nearest-region.ts';
import type { Routes } from './route-decision.ts';
import { defaultVerdict, type RouteVerdict } from './verdict.ts';

const thousands = /\B(?=(?:\d{3})+$)/g;
const inKm = (km: number): string => `${String(Math.round(km)).replace(thousands, ',')} km`;

interface Nearest {
  readonly region: string;
  readonly reason: string;
}

function nearestTo({ name, location }: Country, regions: readonly LocatedRegion[]): Nearest | null {
  const nearest = nearestRegion(location, regions);
  if (nearest === null) return null;
  return { region: nearest.region, reason: `${name} is nearest to ${nearest.region} (${inKm(nearest.distanceKm)})` };
}

/**
 * What the country of every country-code domain decides: the key is the domain as `hostOf` writes it. None where
 * `routes.countries` is off, or there are no regions to go to.
 */
export function countryVerdicts(regions: readonly Region[], routes: Routes): ReadonlyMap<string, RouteVerdict> {
  if (!routes.countries || regions.length === 0) return new Map();
  const located = locatedRegions(regions);
  const otherwise = (why: string): RouteVerdict => defaultVerdict(routes.default, why);
  const placeless = otherwise('no rule matches, and no region has a known location');
  const nearest = new Map(countries.map((country) => [country.domain, nearestTo(country, located)]));
  const verdictOf = (domain: string, country: string): readonly [string, RouteVerdict] => {
    const decided = nearest.get(country) ?? null;
    return [domain, decided === null ? placeless : { ...decided, rule: `.${domain}`, strict: false }];
  };
  return new Map([
    ...countries.map(({ domain }) => verdictOf(domain, domain)),
    ...scriptDomains.map(([domain, , country]) => verdictOf(domain, country)),
    ...[...foreignUse].map(([domain, use]) => [domain, otherwise(`.${domain} is ${use}`)] as const),
  ]);
}
