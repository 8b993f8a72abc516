import type { Override } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { BatchTally } from '../../core/batch/batch-report.ts';
import type { BatchItem } from '../../core/batch/batch-item.ts';
import { ConcurrencyLimit } from '../../core/batch/concurrency-limit.ts';
import { byPriority } from '../../core/batch/look-ahead.ts';
import { isBegunAgain } from '../../core/batch/batch-plan.ts';
import { type BatchOptions, runBatch } from '../../core/batch/run-batch.ts';
import { type Bounds, StopRules } from '../../core/batch/stop-rules.ts';
import type { Survey } from '../../core/batch/survey.ts';
import { SolveTimes } from '../../core/solve/solve-times.ts';
import type { SolverEvent } from '../../domain/events.ts';
import { ProviderFault } from '../../domain/fault.ts';
import type { FinishedTask, TaskJournal } from '../../ports/task-journal.ts';
import type { Context, Session } from '../context.ts';
import { renderSummary } from '../output/batch-view.ts';
import { startBatchProgress } from '../output/batch-progress.ts';
import type { BadRows } from './bad-rows.ts';
import { exitCodeOfBatch } from './batch-exit-code.ts';
import type { OpenBatchJournal } from './batch-files.ts';
import { courseInRow, rowOfResult } from './batch-row.ts';
import type { CountedOutput } from './counted-output.ts';
import { resumeCommand } from './resume-command.ts';
import { journalPath, openBatchJournal, openBatchOutput, type RunRequest } from './open-run.ts';

export interface BatchRequest extends RunRequest {
  readonly overrides: readonly Override[];
  readonly bounds: Bounds;
  readonly badRows: BadRows;
  /** Null for an input that can be read once only: then bad rows are told as they come. */
  readonly survey: Survey | null;
}

interface OpenRun {
  readonly session: Session;
  readonly journal: OpenBatchJournal;
  readonly output: CountedOutput;
  readonly options: BatchOptions;
  /** Whether the same command goes on where this run ends. */
  readonly isResumable: boolean;
}

/** Rows are looked at so far ahead for a lower priority, and held back for so long to keep their order. */
const window = 1_000;
/** What the service asks for after it had no thread, in ms; the embedded one has one sooner. */
const threadWaitMs = 5_000;
const sandboxThreadWaitMs = 100;
const unknownThreads = { start: 10, max: 1_000 };

async function concurrencyOf({ batch }: Config, session: Session): Promise<{ start: number; max: number }> {
  if (batch.concurrency !== 'auto') return { start: batch.concurrency, max: batch.concurrency };
  try {
    const { threads, workingThreads } = await session.api.threads();
    return threads > 0 ? { start: Math.max(1, threads - workingThreads), max: threads } : unknownThreads;
  } catch (error) {
    if (!(error instanceof ProviderFault)) throw error;
    // Not every service of the protocol tells; then the limit finds its way.
    return unknownThreads;
  }
}

/** The tasks of the input, in the order in which they are begun. */
function itemsOf({ input, badRows, survey }: BatchRequest): { items: AsyncIterable<BatchItem>; bad: () => number } {
  let bad = survey?.bad ?? 0;
  async function* tasks(): AsyncIterable<BatchItem> {
    for await (const record of input.records()) {
      if (!('type' in record)) yield record;
      else if (survey === null) {
        bad += 1;
        await badRows.report(record);
      }
    }
  }
  // What arrives on standard input is begun as it arrives: looking ahead would wait for more of it.
  const looksAhead = input.source.isRepeatable && input.columns.includes('priority');
  return { items: looksAhead ? byPriority(tasks(), window) : tasks(), bad: () => bad };
}

function optionsOf({ flags, input }: BatchRequest, { globals, clock }: Context): BatchOptions {
  return {
    retryFailed: flags.retryFailed === true,
    leaveInDoubt: flags.leaveInDoubt === true,
    resolveExpiredAt: flags.resolveExpired === true ? clock.timestamp() : null,
    inputMayStall: !input.source.isRepeatable,
    orderWindow: flags.keepOrder === true ? window : null,
    threadWaitMs: globals.sandbox ? sandboxThreadWaitMs : threadWaitMs,
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
  if (path === null) context.terminal.note('standard input cannot be resumed without --journal FILE');
  const session = await context.session({ overrides, allowFastPolling: flags.allowFastPolling === true });
  try {
    const place = path ?? (await request.files.throwAwayJournal());
    const journal = await openBatchJournal(request, { session, path: place }, context);
    try {
      const options = optionsOf(request, context);
      const output = await openBatchOutput(request, earlierRows(journal, options));
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

function listen({ interrupt, terminal }: Context): void {
  interrupt.listen({
    onFirst: () => terminal.error('stopping: no new submissions; what was paid for is collected; Ctrl-C again leaves'),
    onSecond: () => terminal.error('left; run the same command again to continue'),
  });
}

/** How many tasks this run is about; null where nobody knows yet. */
function totalOf({ survey, bounds }: BatchRequest, { journal, options }: OpenRun): number | null {
  if (survey === null || options.resolveExpiredAt !== null) return null;
  const { solved, failed } = journal.counts();
  const finished = solved + (options.retryFailed ? 0 : failed);
  return Math.min(Math.max(0, survey.rows - survey.bad - finished), bounds.limit ?? Infinity);
}

/** Everything that one run of a batch is made of. */
async function equip(request: BatchRequest, open: OpenRun, context: Context) {
  const { session } = open;
  const { clock, interrupt } = context;
  const left = new AbortController();
  const tally = new BatchTally();
  const limit = new ConcurrencyLimit(await concurrencyOf(session.config, session), { clock });
  const rules = new StopRules(request.bounds, interrupt.stop, { clock });
  const progress = await startBatchProgress({ tally, limit, total: totalOf(request, open) }, context);
  const emit = (event: SolverEvent): void => {
    tally.recordEvent(event);
    progress.recordEvent(event);
  };
  const onExhausted = session.config.budget.onExhausted === 'fail' ? 'fail' : 'pause';
  const solver = session.solver(emit, { onExhausted, left: left.signal, times: new SolveTimes() });
  return { left, tally, limit, rules, progress, solver };
}

async function work(request: BatchRequest, open: OpenRun, context: Context): Promise<number> {
  const { left, tally, limit, rules, progress, solver } = await equip(request, open, context);
  const { items, bad } = itemsOf(request);
  const { journal, output, session, options } = open;
  const deps = { solver, journal, limit, rules, clock: context.clock, sink: output };
  const views = { rowOf: rowOfResult, courseIn: courseInRow, record: tally.recordResult.bind(tally) };
  const running = runBatch(items, options, { ...deps, ...views });
  const reason = await running
    .catch((error: unknown) => {
      left.abort();
      throw error;
    })
    .finally(() => progress.stop());
  const counts = { submissionCount: rules.submissionCount, requestCount: session.requestCount() };
  const { message } = rules;
  const summary = { report: tally.report(), rows: output.counts(), bad: bad(), reason, message, ...counts };
  const resume = open.isResumable ? resumeCommand(context.args) : null;
  context.terminal.note(renderSummary(summary, resume), { fields: { summary } });
  return exitCodeOfBatch(summary);
}

/** Solves what is left of a batch, and says in the end what came of it. */
export async function solveBatch(request: BatchRequest, context: Context): Promise<number> {
  listen(context);
  const open = await openRun(request, context);
  try {
    return await work(request, open, context);
  } finally {
    const closed = open.session.close().finally(() => open.output.close());
    await closed.finally(() => open.journal.close());
  }
}
