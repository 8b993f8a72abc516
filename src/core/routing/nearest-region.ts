import type { Region } from '../../domain/region.ts';
import { cloudRegionLocation } from './data/cloud-regions.ts';
import { greatCircleKm, type Location } from './great-circle.ts';

/** A region with a known location. */
export interface LocatedRegion {
  readonly name: string;
  readonly location: Location;
}

export interface Nearest {
  readonly region: string;
  readonly distanceKm: number;
}

/** A region's location: as configured, else from a cloud region's name, else null. */
export function locationOf({ location, name }: Pick<Region, 'location' | 'name'>): Location | null {
  return location ?? cloudRegionLocation(name);
}

/** The regions with a known location, in their order. */
export function locatedRegions(regions: readonly Region[]): readonly LocatedRegion[] {
  return regions.flatMap((region) => {
    const location = locationOf(region);
    return location === null ? [] : [{ name: region.name, location }];
  });
}

/** The nearest region by great-circle distance, the first one on a tie; null without regions. */
export function nearestRegion(place: Location, regions: readonly LocatedRegion[]): Nearest | null {
  let nearest: Nearest | null = null;
  for (const { name, location } of regions) {
    const distanceKm = greatCircleKm(place, location);
    if (nearest === null || distanceKm < nearest.distanceKm) nearest = { region: name, distanceKm };
  }
  return nearest;
}

/** The distance between two regions in km; null if a location is unknown. */
export function distanceKm(from: Region, to: Region): number | null {
  const [start, end] = [locationOf(from), locationOf(to)];
  return start === null || end === null ? null : greatCircleKm(start, end);
}
