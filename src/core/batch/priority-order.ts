interface Prioritised {
  readonly priority: number;
}

/** The index for a new entry: behind all entries of its priority, so that equal ones keep their order. */
function placeOf(priority: number, window: readonly Prioritised[]): number {
  let [low, high] = [0, window.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((window[middle]?.priority ?? Infinity) <= priority) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Sorts items by priority, lower numbers first, within a look-ahead of `size` items; 1 keeps their order. */
export async function* byPriority<T extends Prioritised>(items: AsyncIterable<T>, size: number): AsyncIterable<T> {
  const window: T[] = [];
  for await (const item of items) {
    window.splice(placeOf(item.priority, window), 0, item);
    if (window.length < size) continue;
    const first = window.shift();
    if (first !== undefined) yield first;
  }
  yield* window;
}
