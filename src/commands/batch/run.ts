import type { OpenBatchJournal } from '../../cli/batch-files.ts';
import type { Context, SolveSession } from '../../cli/context.ts';
import { writerOf } from '../../cli/flags.ts';
import { limitsOfFlags } from '../../cli/fleet/queued-flags.ts';
import { addFollowUp } from '../../cli/error-report.ts';
import { noteTaskEvent } from '../../cli/event-view.ts';
import { shellQuoted } from '../../domain/shell-word.ts';
import { discardedHint } from '../../cli/outcome-view.ts';
import { priorRunInRow, rowOfResult, usedUpInputs, wasExpired } from '../../cli/result-row.ts';
import type { Override } from '../../config/load.ts';
import { type BatchItem, type BatchResult, isBegunAgain } from '../../core/batch/batch-plan.ts';
import { BatchStats } from '../../core/batch/batch-report.ts';
import { ConcurrencyLimit } from '../../core/batch/concurrency-limit.ts';
import type { InputSummary } from '../../core/batch/input-summary.ts';
import { byPriority } from '../../core/batch/priority-order.ts';
import { type BatchDeps, type BatchOptions, runBatch } from '../../core/batch/run-batch.ts';
import { type Bounds, StopRules } from '../../core/batch/stop-rules.ts';
import { SolveCounts } from '../../core/solve/solve-counts.ts';
import { UsageError } from '../../domain/errors.ts';
import type { SolverEvent } from '../../domain/events.ts';
import type { FinishedTask, TaskJournal } from '../../ports/files.ts';
import { solveHere } from './direct-executor.ts';
import { createConcurrencyLimit } from '../../cli/concurrency.ts';
import { metricsTargetOf, startBatchMetrics } from './metrics.ts';
import {
  type BadRows,
  type CountedOutput,
  journalPath,
  openBatchJournal,
  openBatchOutput,
  type RunRequest,
} from './open-batch-run.ts';
import { startBatchProgress } from './progress.ts';
import { solveInRegions, windowOf } from './queue-executor.ts';
import { exitCodeOfBatch } from './summary.ts';
import { renderContinuing, renderDiscarded, renderLeft, renderSummary } from './view.ts';

/** The shell command that continues a run. It has no `--fresh`, which would start over. */
export function resumeCommand(args: readonly string[]): string {
  return ['captcha', ...args.filter((arg) => arg !== '--fresh').map(shellQuoted)].join(' ');
}

export interface BatchRequest extends RunRequest {
  readonly overrides: readonly Override[];
  readonly bounds: Bounds;
  readonly badRows: BadRows;
  /** Null for an input that can be read only once: then invalid rows are reported as they arrive. */
  readonly inputSummary: InputSummary | null;
}

interface OpenRun {
  readonly session: SolveSession;
  readonly journal: OpenBatchJournal;
  readonly output: CountedOutput;
  readonly options: BatchOptions;
  /** Whether the same command can continue the run. */
  readonly isResumable: boolean;
}

/** Number of rows of the look-ahead for priorities, and of the buffer that keeps the output order. */
const window = 1_000;

interface Items {
  /** The tasks of the input, in the order in which they start. */
  readonly items: AsyncIterable<BatchItem>;
  readonly bad: () => number;
  readonly orphanRows: () => number;
}

/** Why the input cannot be read further; null for a bug. */
function inputErrorOf(error: unknown, line: number): { reason: 'input' | 'input-io'; message: string } | null {
  const after = line === 0 ? '' : `after line ${line}: `;
  if (error instanceof UsageError) {
    const hint = error.hint === null ? '' : `; ${error.hint}`;
    return { reason: 'input', message: `${/^line \d/.test(error.message) ? '' : after}${error.message}${hint}` };
  }
  if (!(error instanceof Error && 'syscall' in error)) return null;
  return { reason: 'input-io', message: `${after}${error.message}` };
}

/** The records up to where the input cannot be read any further. */
async function* readable<T>(records: AsyncIterable<T>, onBreak: (error: unknown) => void): AsyncIterable<T> {
  try {
    yield* records;
  } catch (error) {
    onBreak(error);
  }
}

interface Reading {
  readonly journal: OpenBatchJournal;
  readonly rules: StopRules;
}

function itemsOf(request: BatchRequest, { journal, rules }: Reading, { terminal }: Context): Items {
  const { input, badRows, inputSummary } = request;
  let bad = inputSummary?.bad ?? 0;
  const { solved, failed } = journal.counts();
  /** Finished tasks that the input has not shown yet. */
  let unmet = solved + failed;
  let isRead = false;
  let isBroken = false;
  /** Running tasks are already paid for, so they are finished first. If none runs, nothing was sent. */
  const onBreak = (error: unknown): void => {
    const broken = inputErrorOf(error, input.progress.line);
    if (broken === null || !rules.hasStarted) throw error;
    isBroken = true;
    rules.endInput(broken.reason, broken.message);
    terminal.error(
      `the rest of the input cannot be read: ${broken.message}\n  running tasks are finished; no new tasks are started`,
    );
  };
  const isFinished = ({ key }: BatchItem): boolean => ['solved', 'failed'].includes(journal.progressOf(key).state);
  async function* tasks(): AsyncIterable<BatchItem> {
    for await (const record of readable(input.records(), onBreak)) {
      if (!('type' in record)) {
        if (unmet > 0 && isFinished(record)) unmet -= 1;
        yield record;
      } else if (inputSummary === null) {
        bad += 1;
        await badRows.report(record);
      }
    }
    isRead = !isBroken;
  }
  // Tasks from standard input start as they arrive: a look-ahead would wait for more input.
  const looksAhead = input.source.isRepeatable && Object.values(input.plan.read).includes('priority');
  const items = looksAhead ? byPriority(tasks(), window) : tasks();
  return { items, bad: () => bad, orphanRows: () => (isRead ? unmet : 0) };
}

function optionsOf({ flags, input }: BatchRequest, { clock }: Context): BatchOptions {
  return {
    retryFailed: flags.retryFailed === true,
    leaveInDoubt: flags.leaveInDoubt === true,
    resolveExpiredAt: flags.resolveExpired === true ? clock.timestamp() : null,
    wasExpired,
    inputMayStall: !input.source.isRepeatable,
    orderWindow: flags.keepOrder === true ? window : null,
  };
}

/** The rows of earlier runs that stand in the output from the beginning. */
async function* earlierRows(journal: TaskJournal, options: BatchOptions): AsyncIterable<FinishedTask> {
  // In the order of the input they come with the others.
  if (options.orderWindow !== null) return;
  for await (const finished of journal.finishedTasks()) if (!isBegunAgain(finished, options)) yield finished;
}

async function openRun(request: BatchRequest, context: Context): Promise<OpenRun> {
  const { overrides, flags } = request;
  const path = await journalPath(request, context);
  if (path === null) context.terminal.note('a batch from standard input can be resumed only with --journal FILE');
  const writer = writerOf('batch', flags, context.env);
  const session = await context.session({ overrides, allowFastPolling: flags.allowFastPolling === true, writer });
  try {
    const place = path ?? (await request.files.temporaryJournal());
    const journal = await openBatchJournal(request, { session, path: place }, context);
    try {
      const options = optionsOf(request, context);
      const target = { journal, path: place, clock: context.clock };
      const output = await openBatchOutput(request, target, earlierRows(journal, options));
      return { session, journal, isResumable: path !== null && !context.globals.sandbox, options, output };
    } catch (error) {
      await journal.close();
      throw error;
    }
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** The effect of a first signal, per execution mode. */
const stopping = {
  direct: 'stopping: no new submissions; collecting the tasks already paid for (signal again to exit immediately)',
  queues: 'stopping: workers finish the queued tasks, the next run collects them (signal again to exit immediately)',
};

function listen({ via }: BatchRequest['flags'], { interrupt, terminal }: Context): void {
  interrupt.listen({
    onFirst: () => terminal.error(stopping[via === 'queues' ? 'queues' : 'direct']),
    onSecond: () => terminal.error('exited; run the same command again to continue'),
  });
}

/** Number of tasks without a row; null if unknown. */
function leftOf({ inputSummary }: BatchRequest, { journal, options }: OpenRun): number | null {
  if (inputSummary === null || options.resolveExpiredAt !== null) return null;
  const { solved, failed } = journal.counts();
  const finished = solved + (options.retryFailed ? 0 : failed);
  return Math.max(0, inputSummary.rows - inputSummary.bad - finished);
}

/** Number of tasks of this run; null if not known yet. */
function totalOf(request: BatchRequest, open: OpenRun): number | null {
  const left = leftOf(request, open);
  return left === null ? null : Math.min(left, request.bounds.limit ?? Infinity);
}

/** Everything that one run of a batch is made of. */
async function equip(request: BatchRequest, open: OpenRun, context: Context) {
  const { session, journal } = open;
  const { clock, interrupt } = context;
  const { concurrency } = session.config.batch;
  const isQueued = request.flags.via === 'queues';
  const stats = new BatchStats();
  const limit = isQueued
    ? new ConcurrencyLimit(windowOf(concurrency), { clock })
    : await createConcurrencyLimit(concurrency, session, context);
  const rules = new StopRules(request.bounds, interrupt.stop, { clock });
  const progress = startBatchProgress({ stats, limit, total: totalOf(request, open) }, context);
  const target = metricsTargetOf(request.flags.metrics);
  const counts = target === null ? null : new SolveCounts();
  const emit = (event: SolverEvent): void => {
    stats.recordEvent(event);
    counts?.recordEvent(event);
    progress.recordEvent(event);
    noteTaskEvent(event, context.terminal);
  };
  const parts = { session, journal, limit, rules, emit };
  const limits = limitsOfFlags(request.flags, session.config);
  let stopMetrics = async (): Promise<void> => undefined;
  try {
    if (target !== null && counts !== null) {
      const load = () => ({ inWork: limit.inFlight, limit: limit.limit });
      const run = { session, counts, load };
      stopMetrics = await startBatchMetrics(
        { target, files: request.files, run, total: totalOf(request, open) },
        context,
      );
    }
    const executor = isQueued ? await solveInRegions({ ...parts, limits }, context) : solveHere(parts, context);
    return { stats, counts, limit, rules, progress, executor, stopMetrics };
  } catch (error) {
    progress.stop();
    await stopMetrics();
    throw error;
  }
}

/** Without a journal, the id is the only trace of a discarded row. Ids of the sandbox end with it. */
function warnAboutDiscarded({ outcome }: BatchResult, { isResumable }: OpenRun, { globals, terminal }: Context): void {
  if (isResumable || globals.sandbox || outcome.captchaId === null) return;
  terminal.error(`${outcome.taskId}: ${discardedHint([outcome.captchaId], globals)}`);
}

async function work(request: BatchRequest, open: OpenRun, context: Context): Promise<number> {
  const {
    stats,
    counts: solveCounts,
    limit,
    rules,
    progress,
    executor,
    stopMetrics,
  } = await equip(request, open, context);
  const { journal, output, options } = open;
  const startedMs = context.clock.nowMs();
  const { items, bad, orphanRows } = itemsOf(request, { journal, rules }, context);
  const isDiscarded = (request.flags.out ?? '-') === '-' && context.terminal.discardsResults;
  const record = (result: BatchResult): void => {
    stats.recordResult(result);
    solveCounts?.recordResult(result);
    executor.recordRow(result);
    if (isDiscarded) warnAboutDiscarded(result, open, context);
  };
  const usedUp: Record<string, number> = {};
  const isUsedUp: BatchDeps['isUsedUp'] = ({ task }, values) => {
    const names = usedUpInputs(task, values);
    for (const name of names) usedUp[name] = (usedUp[name] ?? 0) + 1;
    return names.length > 0;
  };
  const rows = { sink: output, rowOf: rowOfResult, priorRunIn: priorRunInRow, isUsedUp };
  const deps = { journal, limit, rules, record, ...rows };
  let hasFailed = true;
  try {
    await runBatch(items, options, { ...deps, solve: (work) => executor.solve(work) });
    hasFailed = false;
  } finally {
    await executor
      .close(hasFailed)
      .finally(() => progress.stop())
      .finally(stopMetrics);
  }
  const { message, reason } = rules;
  const { emptyCount } = request.input.progress;
  const counts = {
    rows: output.counts(),
    bad: bad(),
    empty: emptyCount,
    orphanRows: orphanRows(),
    left: leftOf(request, open),
    elapsedMs: context.clock.nowMs() - startedMs,
    output: (request.flags.out ?? '-') === '-' ? null : (request.flags.out ?? null),
    ...executor.counts(),
  };
  const summary = { report: stats.report(), reason, message, usedUp, ...counts };
  const resume = open.isResumable ? resumeCommand(context.args) : null;
  context.terminal.note(renderSummary(summary, resume), { fields: { summary } });
  if (isDiscarded && resume !== null) context.terminal.note(renderDiscarded(resume));
  return exitCodeOfBatch(summary);
}

/** Says that an earlier run goes on, unless nothing is left of it. */
function noteContinuing(request: BatchRequest, open: OpenRun, { terminal }: Context): void {
  const { solved, failed, submitted, inDoubt } = open.journal.counts();
  const done = solved + (open.options.retryFailed ? 0 : failed);
  const isBegun = done + submitted + inDoubt > 0;
  if (!open.journal.isResumed || !isBegun || leftOf(request, open) === 0) return;
  const { inputSummary } = request;
  const total = inputSummary === null ? null : inputSummary.rows - inputSummary.bad;
  terminal.note(renderContinuing(done, total, { submitted, inDoubt }));
}

/** Adds to an error how to continue the run. A reader that closed standard output is no error. */
function logUnfinished(
  error: unknown,
  { request, open }: { request: BatchRequest; open: OpenRun },
  context: Context,
): void {
  const hasReaderGone = error instanceof Error && 'code' in error && error.code === 'EPIPE';
  // A usage error asks for another command line or configuration first.
  if (hasReaderGone || !open.isResumable || error instanceof UsageError) return;
  addFollowUp(error, renderLeft(error, leftOf(request, open), resumeCommand(context.args)));
}

/** Solves the remaining tasks of a batch and prints a summary. */
export async function solveBatch(request: BatchRequest, context: Context): Promise<number> {
  listen(request.flags, context);
  const open = await openRun(request, context);
  noteContinuing(request, open, context);
  const close = (): Promise<void> =>
    open.session
      .close()
      .finally(() => open.output.close())
      .finally(() => open.journal.close());
  let exitCode: number;
  try {
    exitCode = await work(request, open, context);
  } catch (error) {
    logUnfinished(error, { request, open }, context);
    // The first error explains more than one of the clean-up, which a full disk causes, too.
    await Promise.allSettled([close()]);
    throw error;
  }
  await close();
  return exitCode;
}
