import type { Location } from '../great-circle.ts';

/** A country, or a territory with a country-code domain of its own. */
export interface Country {
  /** As `hostOf` writes it, without a dot. */
  readonly domain: string;
  /** As a sentence begins with it. */
  readonly name: string;
  /** The place that stands for it: its capital, or the city in which most of its people and servers are. */
  readonly centre: string;
  readonly location: Location;
}

/** One line of a table, with degrees to one decimal. */
export type CountryRow = readonly [domain: string, name: string, centre: string, latitude: number, longitude: number];
