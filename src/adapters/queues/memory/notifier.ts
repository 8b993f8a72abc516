import { joinSignals } from '../../../domain/joined-signal.ts';
import type { Clock } from '../../../ports/system.ts';

/** Wakes all waiting callers. */
export class Notifier {
  #next = new AbortController();

  ring(): void {
    this.#next.abort();
    this.#next = new AbortController();
  }

  /** Waits for `ms`, or until it rings or `signal` aborts. */
  async wait(ms: number, signal: AbortSignal, clock: Clock): Promise<void> {
    const end = joinSignals(signal, this.#next.signal);
    await clock.sleep(ms, end.signal).finally(end.release);
  }
}

/** The first `most` values, without iterating over the rest. */
export function takeUpTo<T>(values: Iterable<T>, most: number): T[] {
  const first: T[] = [];
  if (most <= 0) return first;
  for (const value of values) if (first.push(value) === most) break;
  return first;
}
