import type { BudgetEvent } from '../budget/shared-state.ts';

/** What the shared log says about the load so far. */
export interface ObservedLoad {
  /** Accepted submissions per second while there was work, to two digits. */
  readonly acceptedPerSecond: number;
  readonly accepted: number;
  /** Of work: minutes in which nothing was accepted do not count. In ms. */
  readonly overMs: number;
}

const minuteMs = 60_000;
/** Fewer say nothing about a rate. */
const fewest = 10;

/**
 * The rate by the minutes in which something was accepted: a budget is for those, not for the nights between them, and not
 * for the first second of a batch. Null where too little was accepted to tell.
 */
export function observeLoad(events: Iterable<BudgetEvent>): ObservedLoad | null {
  const minutes = new Set<number>();
  let accepted = 0;
  for (const { at, entry } of events) {
    if (entry.type !== 'tally' || entry.accepted === 0) continue;
    accepted += entry.accepted;
    minutes.add(Math.floor(at / minuteMs));
  }
  if (accepted < fewest) return null;
  const overMs = minutes.size * minuteMs;
  return { acceptedPerSecond: Number((accepted / (overMs / 1_000)).toPrecision(2)), accepted, overMs };
}
