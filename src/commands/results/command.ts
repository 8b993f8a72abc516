import type { Command } from 'commander';
import type { ResultRows } from '../../cli/batch-files.ts';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { optionWithChoices } from '../../cli/choices.ts';
import { rowFormat, rowFormats } from '../../cli/flags.ts';
import { resultsUrl } from '../../cli/fleet/fleet-queues.ts';
import { queryQueue } from '../../cli/fleet/region-queues.ts';
import { formatMoment, quantity } from '../../cli/format.ts';
import { helpText } from '../../cli/help.ts';
import { discardedHint } from '../../cli/outcome-view.ts';
import { renderFailures, renderRegionTotals, renderTimes } from '../../cli/report-view.ts';
import { resultColumns, resultValues } from '../../cli/result-row.ts';
import { type BatchReport, BatchStats } from '../../core/batch/batch-report.ts';
import { collectResults } from '../../core/fleet/collect-results.ts';
import { UsageError } from '../../domain/errors.ts';
import { isExpiredAt } from '../../domain/outcome.ts';
import { queueIdOf, type TaskResult } from '../../domain/queued-task.ts';
import type { ResultReader } from '../../ports/queues.ts';
import { makeSandboxResults } from './sandbox-results.ts';

/** The columns of `captcha results`, in their order. */
const taskResultColumns: readonly string[] = [
  ...['task_id', 'run', 'queue_id'],
  ...resultColumns,
  ...['worker', 'finished_at'],
];

/** A result as a row. `now`: epoch ms. */
function rowOfTaskResult(result: TaskResult, now: number): Readonly<Record<string, string>> {
  const { outcome, homeRegion, attemptCount, possiblyCharged, worker, finishedAt, run } = result;
  const expired = isExpiredAt(outcome, now);
  return {
    task_id: outcome.taskId,
    run,
    queue_id: queueIdOf(result),
    ...resultValues({ outcome, homeRegion, attemptCount, possiblyCharged, expired }),
    worker,
    finished_at: formatMoment(finishedAt) ?? '',
  };
}

export interface ResultsFlags {
  readonly out?: string;
  readonly format?: string;
  readonly follow?: true;
  readonly untilEmpty?: true;
  readonly run?: string;
}

const examples = `
Reads the central results queue. A result is removed from the queue only after it has been written. Rows are appended if
the output file exists. A running batch collects its own results; this command reads the rest.

If the command is killed after it has written a row and before it has removed the result, the row is written twice, with the same queue_id.

Exit code 4: the queue is unreachable.

Examples:
  $ captcha results --out solved.csv
  $ captcha results --follow --format jsonl | consumer
  $ captcha results --run s-0123456789abcdef0123`;

/** Declares `captcha results`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command
    .option('--out <file>', 'output file, or - for standard output (default: -)')
    .addOption(
      optionWithChoices(
        '--format <format>',
        'csv or jsonl (default: from the extension of --out, else csv)',
        rowFormats,
      ),
    )
    .option('--follow', 'keep waiting for more results until a signal stops the command')
    .option('--until-empty', 'exit when the queue is empty (default)')
    .option('--run <run>', 'read only the results of this run')
    .addHelpText('after', helpText(examples))
    .action((flags: ResultsFlags) => runCommand(run, flags));
}

function checkFlags({ follow, untilEmpty }: ResultsFlags): void {
  if (follow === true && untilEmpty === true) {
    throw new UsageError('--follow and --until-empty cannot be used together', 'omit one of them');
  }
}

/** A queue that is away now is said at once: one that goes away later is waited for. */
async function openReader({ run: name }: ResultsFlags, context: Context): Promise<ResultReader> {
  const { config } = await context.config([]);
  const url = resultsUrl(config);
  const results = await (await context.queues(config)).results(url);
  await queryQueue(url, () => results.depth(), context.clock);
  return results.reader(name ?? null);
}

async function pollUntilDone(
  flags: ResultsFlags,
  { reader, rows, stats }: { reader: ResultReader; rows: ResultRows; stats: BatchStats },
  { clock, terminal, interrupt, globals }: Context,
): Promise<number> {
  let isUnavailable = false;
  const isDiscarded = (flags.out ?? '-') === '-' && terminal.discardsResults;
  const onUnavailable = (message: string): void => {
    if (!isUnavailable) terminal.note(`waiting for the results queue: ${message}`);
    isUnavailable = true;
  };
  return collectResults(
    { follow: flags.follow === true },
    {
      ...{ reader, clock, onUnavailable, signal: interrupt.stop },
      write: async (lot) => {
        isUnavailable = false;
        const now = clock.timestamp();
        await rows.write(lot.map((result) => rowOfTaskResult(result, now)));
        for (const result of lot) stats.recordResult({ ...result, expired: isExpiredAt(result.outcome, now) });
        // What is written leaves the queue: after that its ids are all that is left of it.
        const ids = isDiscarded ? lot.flatMap(({ outcome }) => outcome.captchaId ?? []) : [];
        if (ids.length > 0) terminal.error(discardedHint(ids, globals));
      },
    },
  );
}

/** What was written, and where it was slow. */
function renderWritten(count: number, path: string, report: BatchReport): string {
  const { solved, failed } = report;
  const written = `${quantity(count, 'result')} written${path === '-' ? '' : ` to ${path}`}`;
  if (count === 0) return written;
  const lines = [renderTimes(report), renderRegionTotals(report.byRegion), renderFailures(report)];
  return [`${written}: ${solved} solved, ${failed} failed`, ...lines.filter((line) => line !== null)].join('\n');
}

/** Writes results from the central queue. A running batch collects its own. */
export async function run(flags: ResultsFlags, context: Context): Promise<number> {
  checkFlags(flags);
  const { terminal, interrupt, globals } = context;
  const path = flags.out ?? '-';
  const format = rowFormat(flags, globals.json) ?? 'csv';
  const making = globals.sandbox ? makeSandboxResults(context) : Promise.resolve();
  // A bug in there is reported at the end.
  making.catch(() => undefined);
  if (flags.follow !== true) await making;
  const reader = await openReader(flags, context);
  const stats = new BatchStats();
  const rows = await (await context.batchFiles()).appendRows({ path, format, columns: taskResultColumns });
  interrupt.listen({ onFirst: () => undefined, onSecond: () => undefined });
  try {
    const count = await pollUntilDone(flags, { reader, rows, stats }, context);
    const report = stats.report();
    terminal.note(renderWritten(count, path, report), { fields: { summary: { written: count, report } } });
  } finally {
    await reader.close().finally(() => rows.close());
  }
  await making;
  // What was read is written and acknowledged: following ends like this.
  if (flags.follow === true) interrupt.markDrained();
  return exitCodes.done;
}
