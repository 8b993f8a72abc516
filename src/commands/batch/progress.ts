import type { Context } from '../../cli/context.ts';
import { formatLocalTime, formatMs, quantity } from '../../cli/format.ts';
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
/** Single failed polls are usual. They are a reason to wait where nothing else was answered for this long. */
const pollsFailAfterMs = 10_000;

/** One live line about a batch on a terminal; a line every half minute elsewhere. */
export interface BatchProgress {
  recordEvent(event: SolverEvent): void;
  stop(): void;
}

/** Why nothing gets done. */
interface Pause {
  readonly by: 'breaker' | 'budget' | 'threads' | 'polls' | 'service' | 'held' | 'limit-reached';
  /** Who holds submissions, or which limit is reached. */
  readonly why?: string;
  /** Wall clock, epoch ms. */
  readonly since: number;
  /** When the next submission may go out, on the monotonic clock; null if unknown. */
  readonly untilMs: number | null;
  /** Refusals for lack of a thread. */
  readonly refusals: number;
}

/** The wait that the service asks all tasks for, in ms; null for none. */
function askedWaitMs(event: SolverEvent): number | null {
  if (event.type === 'cooling-down') return event.waitMs;
  if (event.type !== 'attempt-failed' || event.fault.threadsFull || event.liveId !== null) return null;
  return event.fault.kind === 'throttled' ? event.fault.retryAfterMs : null;
}

/** The pause that an event begins or continues, null if it ends the pause, undefined if it says nothing about it. */
function pauseAfter(
  event: SolverEvent,
  before: Pause | null,
  { clock, unansweredMs }: Pick<Context, 'clock'> & { unansweredMs: number },
): Pause | null | undefined {
  const same = (by: Pause['by']): Pause =>
    before?.by === by ? before : { by, since: clock.timestamp(), untilMs: null, refusals: 0 };
  const askedMs = askedWaitMs(event);
  if (askedMs !== null) {
    return before?.by === 'threads' ? before : { ...same('service'), untilMs: clock.nowMs() + askedMs };
  }
  switch (event.type) {
    case 'submitted':
      return null;
    case 'not-ready':
    case 'solved':
      return before?.by === 'polls' ? null : undefined;
    case 'poll-fault':
      if (before !== null || unansweredMs <= pollsFailAfterMs) return undefined;
      return { ...same('polls'), since: clock.timestamp() - unansweredMs };
    case 'breaker-refused':
      return { ...same('breaker'), untilMs: clock.nowMs() + event.retryInMs };
    case 'submission-refused': {
      const untilMs = event.retryInMs === null ? null : clock.nowMs() + event.retryInMs;
      return { ...same(event.reason), why: event.why, untilMs };
    }
    case 'threads-full':
      return { ...same('threads'), refusals: same('threads').refusals + 1 };
    case 'retrying': {
      // A task with a token waits for the service, too.
      const isAsked = before?.by === 'service' && (before.untilMs ?? 0) > clock.nowMs();
      if (event.budgetBalance === null || isAsked) return undefined;
      return event.budgetBalance < 0 ? { ...same('budget'), untilMs: clock.nowMs() + event.waitMs } : null;
    }
    case 'submitting':
    case 'polling':
    case 'attempt-failed':
    case 'cooling-down':
    case 'probe-failed':
    case 'budget-refused':
    case 'gave-up':
      return undefined;
  }
}

function threadsText(refusals: number, threads: number | null): string {
  const parts = [
    ...(threads === null ? [] : [`${threads} of ${threads} busy`]),
    ...(refusals > 0 || threads === null ? [quantity(refusals, 'refusal')] : []),
  ];
  return `(${parts.join(', ')})`;
}

function pauseText(
  { by, since, untilMs, refusals, why }: Pause,
  fault: Fault | null,
  now: { nowMs: number; waiting: number; threads: number | null },
): string {
  const time = formatLocalTime(since);
  const next = untilMs === null ? '' : `, next try in ${formatMs(Math.max(0, untilMs - now.nowMs))}`;
  const waiting = `${quantity(now.waiting, 'task')} waiting`;
  if (why !== undefined) return `paused since ${time}: ${why}${next}, ${waiting}`;
  if (by === 'threads') return `waiting for a free thread since ${time} ${threadsText(refusals, now.threads)}`;
  const cause = fault === null ? null : messageWithoutStop(fault);
  if (by === 'budget') return `waiting for the retry budget since ${time}${cause === null ? '' : `: ${cause}`}${next}`;
  const what = by === 'polls' ? 'no poll answered' : 'paused';
  const byDefault = by === 'service' ? 'the service asks to wait (Retry-After)' : 'the circuit breaker is open';
  const shown = by === 'service' ? byDefault : (cause ?? byDefault);
  return `${what} since ${time}: ${shown}${next}, ${waiting} (captcha doctor shows the cause)`;
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

/** What a run waits for, and the line that says so. */
class PauseWatch {
  readonly #watched: Watched;
  readonly #clock: Context['clock'];
  #pause: Pause | null = null;
  #fault: Fault | null = null;
  /** When a submission or a poll was last answered, on the monotonic clock. */
  #answeredMs: number;
  #heldUpMs = -Infinity;
  /** What the latest pause was for. */
  #toldBy: Pause['by'] | null = null;

  constructor(watched: Watched, { clock }: Pick<Context, 'clock'>) {
    this.#watched = watched;
    this.#clock = clock;
    this.#answeredMs = clock.nowMs();
  }

  /** Why nothing gets done now, as text; null if something does. */
  text(): string | null {
    if (this.#pause === null) return null;
    const { inFlight: waiting, knownThreads: threads } = this.#watched.limit;
    return pauseText(this.#pause, this.#fault, { nowMs: this.#clock.nowMs(), waiting, threads });
  }

  /** True if the event begins a pause. */
  recordEvent(event: SolverEvent): boolean {
    const { type } = event;
    const nowMs = this.#clock.nowMs();
    if (type === 'attempt-failed' || type === 'probe-failed' || type === 'poll-fault') this.#fault = event.fault;
    if (type === 'submitted' || type === 'not-ready' || type === 'solved') this.#answeredMs = nowMs;
    // While tasks of this run use threads, a refusal is how the number of free ones is found.
    if (type === 'threads-full' && !this.#watched.limit.isIdle) return false;
    const unansweredMs = nowMs - this.#answeredMs;
    const next = pauseAfter(event, this.#pause, { clock: this.#clock, unansweredMs });
    if (next === undefined) return false;
    const isFirst = this.#pause === null && nowMs - this.#heldUpMs > pauseEndsAfterMs;
    const isOther = next?.why !== undefined && next.by !== this.#toldBy;
    if (next !== null) [this.#heldUpMs, this.#toldBy] = [nowMs, next.by];
    this.#pause = next;
    return next !== null && (isFirst || isOther);
  }

  /** Notices tasks that wait for a thread without having asked for one. True if a pause begins. */
  lookForBlockedTasks(): boolean {
    if (this.#pause !== null || !this.#watched.limit.isBlocked) return false;
    this.#pause = { by: 'threads', since: this.#clock.timestamp(), untilMs: null, refusals: 0 };
    return true;
  }
}

/** Starts the progress line of a batch. */
export async function startBatchProgress(watched: Watched, context: Context): Promise<BatchProgress> {
  const { terminal, clock } = context;
  const ended = new AbortController();
  const startedMs = clock.nowMs();
  const pause = new PauseWatch(watched, context);
  const line = (): string => {
    const paused = pause.text();
    const counts = countsText(watched, clock.nowMs() - startedMs, paused !== null);
    return paused === null ? counts : `${counts}; ${paused}`;
  };
  const spinner: Progress | null = canSpin(context) ? await startProgress(context, 'starting') : null;
  const draw = (): void => (spinner === null ? terminal.note(line()) : spinner.update(line()));
  void redrawUntilEnded(draw, spinner === null ? logEveryMs : redrawEveryMs, { clock, ended: ended.signal });
  const notePause = (isNew: boolean): void => {
    if (isNew && spinner === null) terminal.note(pause.text() ?? '', { severity: 'warn' });
  };
  const look = (): void => notePause(pause.lookForBlockedTasks());
  void redrawUntilEnded(look, lookEveryMs, { clock, ended: ended.signal });
  return {
    recordEvent: (event) => notePause(pause.recordEvent(event)),
    stop: () => {
      ended.abort();
      spinner?.stop();
    },
  };
}
