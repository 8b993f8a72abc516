import { describe, expect, it } from 'vitest';
import { genericCcTlds } from '../../../src/core/routing/country-rules.ts';
import { countries } from '../../../src/core/routing/data/countries.ts';
import { scriptDomains } from '../../../src/core/routing/data/idn-country-domains.ts';
import { hostOf } from '../../../src/domain/page-url.ts';
import { aRouter } from './support/regions.ts';
import { readTable } from './support/text-table.ts';

const router = aRouter([]);
const countryOfScript = new Map(scriptDomains.map(([domain, , country]) => [domain, country]));
const table = readTable('country-regions.txt').map(({ heading, cells: [domain = '', ...cells] }) => ({
  ...{ heading, domain, cells },
}));
const under = (heading: string) => table.filter((row) => row.heading.startsWith(heading));
const mapped = under('countries').map(({ domain, cells: [country = '', , region = '', distance = ''] }) => ({
  ...{ domain, country, region, distance },
}));

describe('the table of countries', () => {
  it('has every country-code domain that the router knows, and no other', () => {
    const known = [...countries.map(({ domain }) => domain), ...genericCcTlds.keys(), ...countryOfScript.keys()];
    expect(table.map(({ domain }) => domain).sort()).toEqual([...new Set(known)].map((domain) => `.${domain}`).sort());
  });

  it('has the 248 country-code domains of two letters in the root zone, and 61 in other scripts', () => {
    expect(table.filter(({ domain }) => domain.length === 3)).toHaveLength(248);
    expect(table.filter(({ domain }) => domain.startsWith('.xn--'))).toHaveLength(countryOfScript.size);
    expect(countryOfScript.size).toBe(61);
  });

  it('names a country and a place for each', () => {
    const written = under('countries').map(({ domain, cells: [country, centre] }) => ({ domain, country, centre }));
    const byDomain = new Map(countries.map((country) => [country.domain, country]));
    const known = written.map(({ domain }) => {
      const country = byDomain.get(countryOfScript.get(domain.slice(1)) ?? domain.slice(1));
      return { domain, country: country?.name, centre: country?.centre };
    });
    expect(known).toEqual(written);
  });

  it.each(mapped)('$domain of $country goes to $region ($distance)', ({ domain, country, region, distance }) => {
    expect(router.route(`https://www.example${domain}/`)).toMatchObject({
      ...{ region, rule: domain, reason: `${country} is nearest to ${region} (${distance})`, error: null },
    });
  });

  it.each(under('domains'))('$domain goes to the default, with the reason', ({ domain, cells: [use] }) => {
    expect(router.route(`https://www.example${domain}/`)).toMatchObject({
      ...{ region: 'us-east-1', rule: 'default', reason: `${domain} is ${use}`, error: null },
    });
  });

  it('spells every domain in another script like a host', () => {
    const spelled = scriptDomains.map(([, written]) => hostOf(`a.${written}`));
    expect(spelled).toEqual(scriptDomains.map(([domain]) => `a.${domain}`));
  });

  it('has locations on Earth, to a tenth of a degree', () => {
    const isTenth = (degrees: number): boolean => Math.abs(degrees * 10 - Math.round(degrees * 10)) < 1e-9;
    const wrong = countries.filter(
      ({ location: [latitude, longitude] }) =>
        Math.abs(latitude) > 90 || Math.abs(longitude) > 180 || !isTenth(latitude) || !isTenth(longitude),
    );
    expect(wrong).toEqual([]);
  });
});
