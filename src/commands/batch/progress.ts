import type { Context } from '../../cli/context.ts';
import { formatMs } from '../../cli/format.ts';
import { canSpin, type Progress, startProgress } from '../../cli/progress.ts';
import type { BatchStats } from '../../core/batch/batch-report.ts';
import type { ConcurrencyLimit } from '../../core/batch/concurrency-limit.ts';
import type { SolverEvent } from '../../domain/events.ts';

interface Watched {
  readonly stats: BatchStats;
  readonly limit: ConcurrencyLimit;
  /** How many tasks this run is about; null where nobody knows yet. */
  readonly total: number | null;
}

/** How often the line is told where it cannot be redrawn, and how often it is redrawn. */
const logEveryMs = 30_000;
const redrawEveryMs = 200;
/** After a break some are let through and others wait, many times a second: that is still the same pause. */
const pauseEndsAfterMs = 5_000;

/** One live line about a batch where it can be redrawn; a line every half minute elsewhere. */
export interface BatchProgress {
  recordEvent(event: SolverEvent): void;
  stop(): void;
}

function lineOf({ stats, limit, total }: Watched, { elapsedMs, pause }: { elapsedMs: number; pause: string }): string {
  const { solved, failed } = stats.report();
  const done = solved + failed;
  const rate = done / Math.max(1, elapsedMs / 1_000);
  const isKnown = total !== null && done > 0 && pause === '';
  const eta = isKnown ? `, ${formatMs((Math.max(0, total - done) / rate) * 1_000)} left` : '';
  const counts = `${done}${total === null ? '' : `/${total}`} done, ${solved} solved, ${failed} failed`;
  return `${counts}, ${limit.inFlight} in flight, ${rate.toFixed(1)}/s${eta}${pause}`;
}

/** What holds the batch up, in the words of the event. */
function pauseOf(event: SolverEvent): string | null {
  if (event.type === 'breaker-refused') return `; paused: breaker open for ${formatMs(event.retryInMs)}`;
  if (event.type === 'retrying' && event.budgetBalance !== null) {
    return event.budgetBalance < 0 ? '; waiting for the retry budget' : '';
  }
  return event.type === 'submitted' ? '' : null;
}

async function redrawUntilEnded(
  draw: () => void,
  everyMs: number,
  { clock, ended }: { clock: Context['clock']; ended: AbortSignal },
): Promise<void> {
  for (;;) {
    await clock.sleep(everyMs, ended);
    if (ended.aborted) return;
    draw();
  }
}

/** Starts to tell how a batch goes. */
export async function startBatchProgress(watched: Watched, context: Context): Promise<BatchProgress> {
  const { terminal, clock, env } = context;
  const ended = new AbortController();
  const startedMs = clock.nowMs();
  let pause = '';
  let heldUpMs = -Infinity;
  const line = (): string => lineOf(watched, { elapsedMs: clock.nowMs() - startedMs, pause });
  const spinner: Progress | null = canSpin(terminal, env) ? await startProgress(terminal, env, 'starting') : null;
  const draw = (): void => (spinner === null ? terminal.note(line()) : spinner.update(line()));
  void redrawUntilEnded(draw, spinner === null ? logEveryMs : redrawEveryMs, { clock, ended: ended.signal });
  return {
    recordEvent: (event) => {
      const next = pauseOf(event);
      if (next === null) return;
      const isOver = pause === '' && clock.nowMs() - heldUpMs > pauseEndsAfterMs;
      if (next !== '' && isOver && spinner === null) terminal.note(next.replace(/^; /, ''));
      if (next !== '') heldUpMs = clock.nowMs();
      pause = next;
    },
    stop: () => {
      ended.abort();
      spinner?.stop();
    },
  };
}
