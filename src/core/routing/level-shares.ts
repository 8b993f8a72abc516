/** Something that is filled: how much one level of it holds, and how much is in it. */
export interface Vessel {
  /** Above 0. */
  readonly capacity: number;
  readonly load: number;
}

const levelOf = ({ capacity, load }: Vessel): number => load / capacity;

/** The level that `amount` more brings the emptiest vessels to; the fuller ones stay as they are. */
function levelAfter(vessels: readonly Vessel[], amount: number): number {
  let capacity = 0;
  let held = amount;
  let level = Infinity;
  for (const vessel of [...vessels].sort((a, b) => levelOf(a) - levelOf(b))) {
    if (levelOf(vessel) >= level) break;
    capacity += vessel.capacity;
    held += vessel.load;
    level = held / capacity;
  }
  return level;
}

/** The vessels as seen from the surface of the emptiest, where small amounts are not lost in the rounding of deep loads. */
function aboveEmptiest(vessels: readonly Vessel[]): readonly Vessel[] {
  const lowest = vessels.reduce((level, vessel) => Math.min(level, levelOf(vessel)), Infinity);
  return vessels.map(({ capacity, load }) => ({ capacity, load: Math.max(0, load - lowest * capacity) }));
}

/**
 * Which part of `amount` (above 0) each vessel takes, in their order; adds up to 1.
 *
 * All are filled to one level: to 1, so that the parts are in proportion to what is free, or higher where `amount` is more
 * than what is free. So an emptier vessel never gets less than a fuller one of its capacity, and no vessel is buried
 * while another has room.
 */
export function levelShares(vessels: readonly Vessel[], amount: number): readonly number[] {
  const free = vessels.reduce((sum, { capacity, load }) => sum + Math.max(0, capacity - load), 0);
  const relative = aboveEmptiest(vessels);
  const level = levelAfter(relative, Math.max(amount, free));
  const taken = relative.map(({ capacity, load }) => Math.max(0, level * capacity - load));
  const sum = taken.reduce((total, each) => total + each, 0);
  return taken.map((each) => each / sum);
}
