import type { RouteText } from './route-row.ts';

/** The part of a text whose rows are written as they come. */
export const nothingHeld: Pick<RouteText, 'isHolding' | 'release'> = { isHolding: false, release: () => '' };
