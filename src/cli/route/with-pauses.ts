import { within } from '../../domain/within.ts';
import type { Clock } from '../../ports/clock.ts';

/** An input that hands out nothing for so long is waiting for something. */
const pauseMs = 100;

export interface Patience {
  readonly clock: Clock;
  /** Whether somebody waits for more than the next value; where nobody does, no time is measured. */
  readonly isWaiting: () => boolean;
}

/** The values as they come, and null wherever the next one is long in coming. Who stops early closes the source itself. */
export async function* withPauses<T>(
  values: AsyncIterable<T>,
  { clock, isWaiting }: Patience,
): AsyncGenerator<T | null> {
  const iterator = values[Symbol.asyncIterator]();
  for (;;) {
    const next = iterator.next();
    const isHere = next.then(
      () => true,
      () => true,
    );
    if (isWaiting() && (await within(isHere, { ms: pauseMs }, clock)) === null) yield null;
    const result = await next;
    if (result.done === true) return;
    yield result.value;
  }
}
