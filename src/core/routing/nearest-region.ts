import type { Region } from '../../domain/region.ts';
import { cloudRegionLocation } from './data/cloud-regions.ts';
import { greatCircleKm, type Location } from './great-circle.ts';

/** A region of which it is known where it is. */
export interface LocatedRegion {
  readonly name: string;
  readonly location: Location;
}

export interface Nearest {
  readonly region: string;
  readonly distanceKm: number;
}

/** Where a region is: as a person said, else as its name says where it is that of a cloud region, else null. */
export function locationOf({ location, name }: Pick<Region, 'location' | 'name'>): Location | null {
  return location ?? cloudRegionLocation(name);
}

/** The regions of which it is known where they are, in their order. */
export function locatedRegions(regions: readonly Region[]): readonly LocatedRegion[] {
  return regions.flatMap((region) => {
    const location = locationOf(region);
    return location === null ? [] : [{ name: region.name, location }];
  });
}

/** The region nearest to a place by great-circle distance, the first of several; null where there are none. */
export function nearestRegion(place: Location, regions: readonly LocatedRegion[]): Nearest | null {
  let nearest: Nearest | null = null;
  for (const { name, location } of regions) {
    const distanceKm = greatCircleKm(place, location);
    if (nearest === null || distanceKm < nearest.distanceKm) nearest = { region: name, distanceKm };
  }
  return nearest;
}

/** How far two regions are apart, in km; null where it is not known where one of them is. */
export function distanceKm(from: Region, to: Region): number | null {
  const [start, end] = [locationOf(from), locationOf(to)];
  return start === null || end === null ? null : greatCircleKm(start, end);
}
