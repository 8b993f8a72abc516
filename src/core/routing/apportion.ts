/**
 * `total` tasks parted by `shares`, which add up to 1: whole numbers that add up to `total`, each less than one away from
 * its exact part. What is left over goes to the largest fractions, the earlier share first (Hamilton's method).
 */
export function apportion(total: number, shares: readonly number[]): readonly number[] {
  const exact = shares.map((share) => share * total);
  const whole = exact.map(Math.floor);
  const left = total - whole.reduce((sum, each) => sum + each, 0);
  const byFraction = [...exact.keys()].sort((a, b) => fractionOf(exact[b]) - fractionOf(exact[a]) || a - b);
  const rounded = new Set(byFraction.slice(0, left));
  return whole.map((each, index) => each + Number(rounded.has(index)));
}

function fractionOf(exact = 0): number {
  return exact - Math.floor(exact);
}
