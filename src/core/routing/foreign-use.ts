/** So widely sold as a short or telling name that Google's search takes it for a generic domain, or sold by the same registry as one. */
const generic = 'in generic use';
/** Given away for nothing, all over the world, for a decade (Freenom). */
const givenAway = 'given away to everybody';
/** Its sites are of people who do research there, rule it from afar or like the name. */
const uninhabited = 'of a place where nobody lives';

const domains = {
  [generic]: [
    // Those that Google's documentation lists as generic; .su is missing here, since its sites are in Russia.
    ...['ad', 'ai', 'as', 'bz', 'cc', 'cd', 'co', 'dj', 'fm', 'io', 'la', 'me', 'ms', 'nu', 'sc', 'sr', 'tv', 'ws'],
    ...['ac', 'ag', 'cx', 'gg', 'im', 'ly', 'pw', 'sh', 'so', 'st', 'to', 'vc', 'vg'],
  ],
  [givenAway]: ['cf', 'ga', 'gq', 'ml', 'tk'],
  [uninhabited]: ['aq', 'bv', 'gs', 'hm', 'tf'],
};

/** Country-code domains that say nothing about where a site is, and why, as a phrase that follows `.io is`. */
export const foreignUse: ReadonlyMap<string, string> = new Map(
  Object.entries(domains).flatMap(([use, names]) => names.map((name) => [name, use])),
);
