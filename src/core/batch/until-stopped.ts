/**
 * The items until `stop` aborts. Nothing waits then for an item that may never come; the source is told to end, and how
 * it does is nobody's business any more.
 */
export async function* untilStopped<T>(items: AsyncIterable<T>, stop: AbortSignal): AsyncIterable<T> {
  const iterator = items[Symbol.asyncIterator]();
  // One listener for all items: a race against one promise would keep something of every item.
  let wake: () => void = () => undefined;
  stop.addEventListener('abort', () => wake(), { once: true });
  try {
    while (!stop.aborted) {
      const next = await new Promise<IteratorResult<T> | null>((resolve, reject) => {
        wake = () => resolve(null);
        iterator.next().then(resolve, reject);
      });
      if (next === null || next.done === true) return;
      yield next.value;
    }
  } finally {
    void iterator.return?.().catch(() => undefined);
  }
}
