import type { Region } from '../../domain/region.ts';
import { countries, type Country } from './data/countries.ts';
import { scriptDomains } from './data/idn-country-domains.ts';
import { type LocatedRegion, locatedRegions, nearestRegion } from './nearest-region.ts';
import { defaultMatch, type Routes, type RuleMatch } from './route-decision.ts';

/**
 * Sold worldwide as a short or descriptive name, so that Google treats it as a generic domain, or sold by the registry
 * of such a one.
 */
const generic = 'in generic use';
/** Given away free of charge worldwide for a decade (Freenom). */
const freeDomains = 'given away for free worldwide';
/** Its sites belong to researchers, to an administration abroad, or to owners who like the name. */
const uninhabited = 'an uninhabited territory';

const domains = {
  [generic]: [
    // The domains that Google's documentation lists as generic, without .su, whose sites are in Russia.
    ...['ad', 'ai', 'as', 'bz', 'cc', 'cd', 'co', 'dj', 'fm', 'io', 'la', 'me', 'ms', 'nu', 'sc', 'sr', 'tv', 'ws'],
    ...['ac', 'ag', 'cx', 'gg', 'im', 'ly', 'pw', 'sh', 'so', 'st', 'to', 'vc', 'vg'],
  ],
  [freeDomains]: ['cf', 'ga', 'gq', 'ml', 'tk'],
  [uninhabited]: ['aq', 'bv', 'gs', 'hm', 'tf'],
};

/** Country-code domains that do not tell the location of a site, with the reason as a phrase that follows `.io is`. */
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
 * The decision for every country-code domain; the key is the domain in the form of `hostOf`. Empty if
 * `routes.countries` is off or there are no regions.
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
