import { combined, type Finding, ok, warning } from './finding.ts';

/** Where a region is. */
export interface PlacedRegion {
  readonly name: string;
  /** Null where nobody knows. */
  readonly place: readonly [latitude: number, longitude: number] | null;
}

/** How far two places are apart, in km. */
export type Distance = (a: readonly [number, number], b: readonly [number, number]) => number;

/** One flood, one power cut or one fibre cut takes places that are as near as this. */
const samePlaceKm = 100;

function nearFindings(regions: readonly PlacedRegion[], distanceKm: Distance): readonly Finding[] {
  const pairs = regions.flatMap((a, index) => regions.slice(index + 1).map((b) => ({ a, b })));
  return pairs.flatMap(({ a, b }) => {
    if (a.place === null || b.place === null) return [];
    const km = Math.round(distanceKm(a.place, b.place));
    if (km >= samePlaceKm) return [];
    const found = `${a.name} and ${b.name} are at the same place (${km} km apart): they fail together`;
    return [warning(found, 'put one of them somewhere else')];
  });
}

/** So many regions are named; further ones are counted. */
const mostNames = 5;

function placelessFindings(regions: readonly PlacedRegion[]): readonly Finding[] {
  const names = regions.filter(({ place }) => place === null).map(({ name }) => name);
  if (names.length === 0) return [];
  const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : '';
  const [them, verb] = [`${names.slice(0, mostNames).join(', ')}${more}`, names.length === 1 ? 'is' : 'are'];
  return [warning(`nobody knows where ${them} ${verb}`, 'set the key location of every such region')];
}

/** Whether the loss of a place would leave another one to go on in. */
export function checkRegions(regions: readonly PlacedRegion[], distanceKm: Distance): Finding {
  const found = regions.map(({ name }) => name).join(', ');
  if (regions.length === 0) return ok('none: tasks are solved directly, without a region (captcha route needs some)');
  if (regions.length === 1) {
    return warning(`only ${found}: there is nowhere to go when it fails`, 'add a second region in another place');
  }
  return combined([ok(found), ...nearFindings(regions, distanceKm), ...placelessFindings(regions)]);
}
