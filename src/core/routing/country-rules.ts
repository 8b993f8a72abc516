import type { Region } from '../../domain/region.ts';
import { countries, type Country } from './data/countries.ts';
import { scriptDomains } from './data/idn-country-domains.ts';
import { type LocatedRegion, locatedRegions, nearestRegion } from './nearest-region.ts';
import { defaultMatch, type Routes, type RuleMatch } from './route-decision.ts';

/** So widely sold as a short or telling name that Google's search takes it for a generic domain, or sold by the same registry as one. */
const generic = 'in generic use';
/** Given away for nothing, all over the world, for a decade (Freenom). */
const freeDomains = 'given away for free worldwide';
/** Its sites are of people who do research there, rule it from afar or like the name. */
const uninhabited = 'an uninhabited territory';

const domains = {
  [generic]: [
    // Those that Google's documentation lists as generic; .su is missing here, since its sites are in Russia.
    ...['ad', 'ai', 'as', 'bz', 'cc', 'cd', 'co', 'dj', 'fm', 'io', 'la', 'me', 'ms', 'nu', 'sc', 'sr', 'tv', 'ws'],
    ...['ac', 'ag', 'cx', 'gg', 'im', 'ly', 'pw', 'sh', 'so', 'st', 'to', 'vc', 'vg'],
  ],
  [freeDomains]: ['cf', 'ga', 'gq', 'ml', 'tk'],
  [uninhabited]: ['aq', 'bv', 'gs', 'hm', 'tf'],
};

/** Country-code domains that say nothing about where a site is, and why, as a phrase that follows `.io is`. */
export const genericCcTlds: ReadonlyMap<string, string> = new Map(
  Object.entries(domains).flatMap(([use, names]) => names.map((name) => [name, use])),
);

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
export function countryMatches(regions: readonly Region[], routes: Routes): ReadonlyMap<string, RuleMatch> {
  if (!routes.countries || regions.length === 0) return new Map();
  const located = locatedRegions(regions);
  const otherwise = (why: string): RuleMatch => defaultMatch(routes.default, why);
  const placeless = otherwise('no rule matches, and no region has a known location');
  const nearest = new Map(countries.map((country) => [country.domain, nearestTo(country, located)]));
  const entryOf = (domain: string, country: string): readonly [string, RuleMatch] => {
    const decided = nearest.get(country) ?? null;
    return [domain, decided === null ? placeless : { ...decided, rule: `.${domain}`, strict: false }];
  };
  return new Map([
    ...countries.map(({ domain }) => entryOf(domain, domain)),
    ...scriptDomains.map(([domain, , country]) => entryOf(domain, country)),
    ...[...genericCcTlds].map(([domain, use]) => [domain, otherwise(`.${domain} is ${use}`)] as const),
  ]);
}
