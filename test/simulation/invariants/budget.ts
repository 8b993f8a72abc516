import type { Simulated } from '../simulate.ts';
import { retriesOf, type Retry } from './submissions.ts';

/** Token buckets count in whole millionths. */
const rounding = 1e-3;

/** The tokens that may have become usable between two times. */
type Supply = (fromMs: number, toMs: number) => number;

/**
 * In every window, the retries whose tokens must have been drawn in it (both their reason and their submission are in
 * it) do not exceed the possible supply of the window.
 */
function* overdrawn(retries: readonly Retry[], supply: Supply): Iterable<string> {
  const bySubmission = retries.toSorted((a, b) => a.submission.sentMs - b.submission.sentMs);
  for (const fromMs of new Set(retries.map(({ reasonMs }) => reasonMs))) {
    let drawn = 0;
    for (const { reasonMs, submission } of bySubmission) {
      if (reasonMs < fromMs) continue;
      drawn += 1;
      const most = supply(fromMs, submission.sentMs);
      if (drawn > most + rounding) {
        yield `${drawn} retries between ${fromMs} and ${submission.sentMs} ms, where ${most} are paid for`;
        return;
      }
    }
  }
}

export function* keepsToTheBudget({ ledger, schedule }: Simulated): Iterable<string> {
  const { burst, ratio, minRetriesPerSecond, maxRetriesPerSecond } = schedule.protection.budget;
  const retries = ledger.taskRuns.flatMap(retriesOf);
  ledger.count('submission that drew a token', retries.length);
  const acceptedMs = ledger.calls.flatMap(({ type, captchaId, endedMs }) =>
    type === 'submit' && captchaId !== null && endedMs !== null ? [endedMs] : [],
  );
  const accepted: Supply = (fromMs, toMs) => acceptedMs.filter((ms) => fromMs <= ms && ms <= toMs).length;
  const seconds: Supply = (fromMs, toMs) => (toMs - fromMs) / 1_000;
  const ceiling: Supply = (fromMs, toMs) => burst + maxRetriesPerSecond * seconds(fromMs, toMs);
  yield* overdrawn(retries, ceiling);
  if (ratio === null) return;
  // A reservation is charged when it is due: all earlier deposits count, from the start.
  const reserves = ledger.taskRuns.some(({ options }) => options.onExhausted !== 'fail');
  const funded: Supply = (fromMs, toMs) =>
    burst + minRetriesPerSecond * seconds(fromMs, toMs) + ratio * accepted(reserves ? 0 : fromMs, toMs);
  yield* overdrawn(retries, funded);
}
