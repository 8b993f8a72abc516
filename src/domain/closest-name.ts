import { distance } from 'fastest-levenshtein';

/** The known name closest to `written`; null if none is within `most` typos. */
export function closestName(written: string, known: readonly string[], most?: number): string | null {
  const lower = written.toLowerCase();
  const near = known
    .map((name) => ({ name, distance: distance(lower, name.toLowerCase()) }))
    .filter(({ name, distance: typos }) => typos <= (most ?? Math.max(2, name.length / 3)) && typos < name.length)
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.name ?? null;
}

/** A suggestion for an unknown name: the closest known one, otherwise all of them. */
export function knownNames(written: string, known: readonly string[]): string {
  const meant = closestName(written, known);
  return meant === null ? `known: ${known.join(', ')}` : `did you mean ${meant}?`;
}
