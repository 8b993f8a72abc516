import type { Call } from '../ledger.ts';
import type { Simulated } from '../simulate.ts';

/** Sums of times that are no whole milliseconds. */
const rounding = 1e-6;

/**
 * By an age of t an id has been polled at most 2 + t / interval times. A run that goes on with an id of an earlier one does
 * not know how often that has polled, and its wall clock may be wrong: it may add two polls.
 */
function isTooOften(polls: readonly Call[], { acceptedMs, intervalMs }: { acceptedMs: number; intervalMs: number }) {
  return polls.find(({ sentMs }, index) => {
    const resumed = new Set(polls.slice(0, index + 1).map(({ taskRun }) => taskRun)).size;
    const own = polls[0]?.taskRun.isResumed === true ? 1 : 0;
    return index + 1 > 2 + Math.floor((sentMs - acceptedMs) / intervalMs + rounding) + 2 * (resumed - 1 + own);
  });
}

/** Two polls of one run are at least a second apart. */
function isTooSoon(polls: readonly Call[]): Call | undefined {
  return polls.find(({ sentMs, taskRun }, index) => {
    const before = polls[index - 1];
    return before?.taskRun === taskRun && sentMs - before.sentMs < 1_000 - rounding;
  });
}

function pollsById(calls: readonly Call[]): ReadonlyMap<string, readonly Call[]> {
  const byId = new Map<string, Call[]>();
  for (const call of calls) {
    if (call.type !== 'poll' || call.captchaId === null) continue;
    byId.set(call.captchaId, [...(byId.get(call.captchaId) ?? []), call]);
  }
  return byId;
}

export function* keepsToThePacingRule({ ledger, schedule }: Simulated): Iterable<string> {
  const byId = pollsById(ledger.calls);
  for (const { captchaId, acceptedMs } of ledger.accepted) {
    const polls = byId.get(captchaId) ?? [];
    const { intervalMs } = schedule.polling;
    const call = isTooOften(polls, { acceptedMs, intervalMs }) ?? isTooSoon(polls);
    if (call !== undefined) yield `${call.taskRun.process} polls ${captchaId} too often at ${call.sentMs} ms`;
  }
}
