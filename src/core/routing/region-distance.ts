import type { Region } from '../../domain/region.ts';
import { greatCircleKm } from './great-circle.ts';
import { locationOf } from './nearest-region.ts';

/** How far two regions are apart, in km; null where it is not known where one of them is. */
export function distanceKm(from: Region, to: Region): number | null {
  const [start, end] = [locationOf(from), locationOf(to)];
  return start === null || end === null ? null : greatCircleKm(start, end);
}
