import type { Context } from '../../cli/context.ts';
import { formatMoment, formatMs, quantity } from '../../cli/format.ts';
import { canSpin, type Progress, startProgress } from '../../cli/progress.ts';
import type { BatchStats } from '../../core/batch/batch-report.ts';
import type { ConcurrencyLimit } from '../../core/batch/concurrency-limit.ts';
import type { SolverEvent } from '../../domain/events.ts';
import { type Fault, messageWithoutStop } from '../../domain/fault.ts';

interface Watched {
  readonly stats: BatchStats;
  readonly limit: ConcurrencyLimit;
  /** Number of tasks of this run; null if not known yet. */
  readonly total: number | null;
}

/** How often the line is logged if it cannot be redrawn, and how often it is redrawn. */
const logEveryMs = 30_000;
const redrawEveryMs = 200;
/** How often it is looked whether tasks wait for a thread that others use. */
const lookEveryMs = 1_000;
/** Shortly after a break some submissions are admitted and others wait. That is still the same pause. */
const pauseEndsAfterMs = 5_000;

/** One live line about a batch on a terminal; a line every half minute elsewhere. */
export interface BatchProgress {
  recordEvent(event: SolverEvent): void;
  stop(): void;
}

/** What keeps a batch from submitting. */
interface Pause {
  readonly by: 'breaker' | 'budget' | 'threads' | 'held' | 'limit-reached';
  /** Who holds submissions, or which limit is reached. */
  readonly why?: string;
  /** Wall clock, epoch ms. */
  readonly since: number;
  /** When the next submission may go out, on the monotonic clock; null if unknown. */
  readonly untilMs: number | null;
  /** Refusals for lack of a thread. */
  readonly refusals: number;
}

/** The pause that an event begins or continues, null if it ends the pause, undefined if it says nothing about it. */
function pauseAfter(
  event: SolverEvent,
  before: Pause | null,
  { clock }: Pick<Context, 'clock'>,
): Pause | null | undefined {
  const same = (by: Pause['by']): Pause =>
    before?.by === by ? before : { by, since: clock.timestamp(), untilMs: null, refusals: 0 };
  if (event.type === 'submitted') return null;
  if (event.type === 'breaker-refused') return { ...same('breaker'), untilMs: clock.nowMs() + event.retryInMs };
  if (event.type === 'submission-refused') {
    const untilMs = event.retryInMs === null ? null : clock.nowMs() + event.retryInMs;
    return { ...same(event.reason), why: event.why, untilMs };
  }
  if (event.type === 'threads-full') return { ...same('threads'), refusals: same('threads').refusals + 1 };
  if (event.type !== 'retrying' || event.budgetBalance === null) return undefined;
  return event.budgetBalance < 0 ? { ...same('budget'), untilMs: clock.nowMs() + event.waitMs } : null;
}

function pauseText(
  { by, since, untilMs, refusals, why }: Pause,
  fault: Fault | null,
  now: { nowMs: number; waiting: number; threads: number | null },
): string {
  const next = untilMs === null ? '' : `, next try in ${formatMs(Math.max(0, untilMs - now.nowMs))}`;
  if (by === 'threads') {
    const busy = now.threads === null ? quantity(refusals, 'refusal') : `${now.threads} of ${now.threads} busy`;
    return `waiting for a free thread (${busy})`;
  }
  if (by === 'budget') return `waiting for the retry budget${next}`;
  const time = formatMoment(since)?.slice(11, 19) ?? '';
  if (why !== undefined) return `paused since ${time}: ${why}${next}, ${quantity(now.waiting, 'task')} waiting`;
  const cause = fault === null ? 'the circuit breaker is open' : messageWithoutStop(fault);
  return `paused since ${time}: ${cause}${next}, ${quantity(now.waiting, 'task')} waiting (captcha doctor shows the cause)`;
}

function countsText({ stats, limit, total }: Watched, elapsedMs: number, isPaused: boolean): string {
  const { solved, failed } = stats.report();
  const done = solved + failed;
  const share = `${done}${total === null ? '' : `/${total}`} done`;
  if (isPaused) return `${share}, ${solved} solved, ${failed} failed`;
  const rate = done / Math.max(1, elapsedMs / 1_000);
  const isKnown = total !== null && done > 0;
  const eta = isKnown ? `, ${formatMs((Math.max(0, total - done) / rate) * 1_000)} left` : '';
  return `${share}, ${solved} solved, ${failed} failed, ${limit.inFlight} in flight, ${rate.toFixed(1)}/s${eta}`;
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

/** Starts the progress line of a batch. */
export async function startBatchProgress(watched: Watched, context: Context): Promise<BatchProgress> {
  const { terminal, clock, env } = context;
  const ended = new AbortController();
  const startedMs = clock.nowMs();
  let pause: Pause | null = null;
  let fault: Fault | null = null;
  let heldUpMs = -Infinity;
  /** What the latest pause was for. */
  let toldBy: Pause['by'] | null = null;
  const pausedText = (by: Pause): string =>
    pauseText(by, fault, {
      nowMs: clock.nowMs(),
      waiting: watched.limit.inFlight,
      threads: watched.limit.knownThreads,
    });
  const line = (): string => {
    const counts = countsText(watched, clock.nowMs() - startedMs, pause !== null);
    return pause === null ? counts : `${counts}; ${pausedText(pause)}`;
  };
  const spinner: Progress | null = canSpin(terminal, env) ? await startProgress(terminal, env, 'starting') : null;
  const draw = (): void => (spinner === null ? terminal.note(line()) : spinner.update(line()));
  void redrawUntilEnded(draw, spinner === null ? logEveryMs : redrawEveryMs, { clock, ended: ended.signal });
  const look = (): void => {
    if (pause !== null || !watched.limit.isBlocked) return;
    pause = { by: 'threads', since: clock.timestamp(), untilMs: null, refusals: 0 };
    if (spinner === null) terminal.note(pausedText(pause));
  };
  void redrawUntilEnded(look, lookEveryMs, { clock, ended: ended.signal });
  return {
    recordEvent: (event) => {
      if (event.type === 'attempt-failed' || event.type === 'probe-failed') fault = event.fault;
      // While tasks of this run use threads, a refusal is how the number of free ones is found.
      if (event.type === 'threads-full' && !watched.limit.isIdle) return;
      const next = pauseAfter(event, pause, { clock });
      if (next === undefined) return;
      const isOver = pause === null && clock.nowMs() - heldUpMs > pauseEndsAfterMs;
      const isOther = next?.why !== undefined && next.by !== toldBy;
      if (next !== null && (isOver || isOther) && spinner === null) terminal.note(pausedText(next));
      if (next !== null) [heldUpMs, toldBy] = [clock.nowMs(), next.by];
      pause = next;
    },
    stop: () => {
      ended.abort();
      spinner?.stop();
    },
  };
}
