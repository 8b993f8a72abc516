/** At most the first `most` of the values, without walking through the rest. */
export function firstOf<T>(values: Iterable<T>, most: number): T[] {
  const first: T[] = [];
  if (most <= 0) return first;
  for (const value of values) if (first.push(value) === most) break;
  return first;
}
