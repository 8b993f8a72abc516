import type { LogState, SharedLog } from '../../ports/shared-log.ts';

/** A log that nobody shares: its entries are applied and forgotten. */
export function privateLog<Entry, Answer>(
  state: LogState<Entry, Answer>,
  nowMs: () => number,
): SharedLog<Entry, Answer> {
  return {
    catchUp: () => undefined,
    append: (entries) => entries.map((entry) => state.apply({ entry, atMs: nowMs(), by: '' })),
    isGone: () => false,
    close: () => undefined,
  };
}
