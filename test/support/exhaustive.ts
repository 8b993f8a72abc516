/**
 * Whether everything is run: every row of a table and every generated case, as `npm run test:exhaustive` does with the
 * test files that import this one. `npm test` runs a representative part of them.
 */
export const isExhaustive = process.env['EXHAUSTIVE'] === '1';

/** All rows, or those that stand for the others. */
export function someOf<T>(rows: readonly T[], isRepresentative: (row: T) => boolean): readonly T[] {
  return isExhaustive ? rows : rows.filter(isRepresentative);
}

/**
 * `it`, of whose tables all rows are run, or the first ones: for a table whose rows all make one claim about the built
 * program, which tests within the process make for every row.
 */
export function firstRows<It extends { readonly for: (rows: readonly never[]) => unknown }>(
  it: It,
  count = 1,
): Pick<It, 'for'> {
  if (isExhaustive) return it;
  const sampled = { for: (rows: readonly never[]) => it.for(rows.slice(0, count)) };
  return sampled;
}

/** All rows, or the first of each group. */
export function onePer<T>(rows: readonly T[], groupOf: (row: T) => string): readonly T[] {
  const groups = rows.map(groupOf);
  return isExhaustive ? rows : rows.filter((_, index) => groups.indexOf(groups[index] ?? '') === index);
}

/** How many generated cases are tried: all, or one in five. */
export function runs(count: number): number {
  return isExhaustive ? count : Math.ceil(count / 5);
}
