import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { checkFleet } from '../../cli/fleet/open-fleet.ts';
import { checkWorkersFlags } from '../../cli/fleet/queued-flags.ts';
import { rowFormat } from '../../cli/flags.ts';
import { quantity } from '../../cli/format.ts';
import { helpText } from '../../cli/help.ts';
import { isPlain, suggestColumn } from '../../cli/input-columns.ts';
import type { LoadedConfig } from '../../config/load.ts';
import { type InputSummary, scanInput } from '../../core/batch/input-summary.ts';
import { UsageError } from '../../domain/errors.ts';
import type { FinishedTask, TaskJournal } from '../../ports/files.ts';
import { checkFlags } from './check-flags.ts';
import { type BatchFlags, getBounds, declareBatchFlags, overridesOfBatch } from './flags.ts';
import { type BatchInput, hasLaterColumns, openBatchInput, readLaterColumns, withLaterColumns } from './input.ts';
import {
  type BadRows,
  journalNameOf,
  openBadRows,
  openBatchJournal,
  openBatchOutput,
  type RunRequest,
} from './open-batch-run.ts';
import { solveBatch } from './run.ts';
import { renderColumns, renderInputSummary, renderLater, renderMeant } from './view.ts';

/** The rows of a journal in input order; rows of tasks that are no longer in the input come last. */
async function* inOrder({ input, files }: RunRequest, journal: TaskJournal): AsyncIterable<FinishedTask> {
  const met = files.distinctTexts();
  for await (const record of input.source.records()) {
    const finished = record.type === 'row' ? await journal.rowOf(record.key) : null;
    if (finished !== null && met.addIfNew(finished.key)) yield finished;
  }
  for await (const finished of journal.finishedTasks()) if (met.addIfNew(finished.key)) yield finished;
}

/** Regenerates the output from the journal: the rows of all finished tasks. Nothing is sent. */
async function exportBatch(request: RunRequest, context: Context): Promise<number> {
  const path = await journalNameOf(request.flags, context.globals.sandbox, request.files);
  if (path === null || !(await request.files.exists(path))) {
    throw new UsageError(`journal not found${path === null ? '' : `: ${path}`}`, 'set it with --journal FILE');
  }
  const journal = await openBatchJournal(request, { session: null, path }, context);
  try {
    const rows = request.flags.keepOrder === true ? inOrder(request, journal) : journal.finishedTasks();
    const output = await openBatchOutput(request, { journal, path, clock: context.clock }, rows);
    await output.close();
    const { solved, failed } = output.counts();
    const { out = '-' } = request.flags;
    context.terminal.note(`${quantity(solved + failed, 'row')} written${out === '-' ? '' : ` to ${out}`}`);
    return exitCodes.done;
  } finally {
    await journal.close();
  }
}

interface Check {
  readonly flags: BatchFlags;
  readonly input: BatchInput;
  readonly badRows: BadRows;
}

/** `exitCode`: not null if nothing is left to do. `inputSummary`: null for an input that can be read only once. */
export interface Checked {
  readonly exitCode: number | null;
  readonly inputSummary: InputSummary | null;
}

/** Checks the whole input before the first submission if it can be read twice. */
async function checkInput({ flags, input, badRows }: Check, { terminal, globals }: Context): Promise<Checked> {
  if (!input.source.isRepeatable && flags.strict === true) {
    throw new UsageError('--strict needs a seekable input file (not stdin)', 'pass a file, or drop --strict');
  }
  if (!input.source.isRepeatable && flags.dryRun !== true) return { exitCode: null, inputSummary: null };
  const inputSummary = await scanInput(input.records(), (bad) => badRows.report(bad));
  const inputColumns = { empty: input.progress.emptyCount, columns: input.plan };
  if (flags.dryRun === true) {
    await (globals.json
      ? terminal.json({ tasks: inputSummary.rows - inputSummary.bad, ...inputSummary, ...inputColumns })
      : terminal.result(renderInputSummary(inputSummary, inputColumns)));
  }
  if (flags.strict === true && inputSummary.bad > 0) {
    throw new UsageError(
      `${inputSummary.bad} of ${inputSummary.rows} rows ${inputSummary.bad === 1 ? 'is' : 'are'} invalid`,
      'fix them or drop --strict',
    );
  }
  if (flags.dryRun === true) {
    return { exitCode: inputSummary.bad > 0 ? exitCodes.notAllSolved : exitCodes.done, inputSummary };
  }
  return { exitCode: null, inputSummary };
}

const examples = `
The input is CSV with a header, or JSON Lines. Known columns: method, sitekey, pageurl, page_action, file, body, task_id,
region, priority.

These other columns are sent as parameters: documented protocol parameters, columns named param.NAME, and columns named
by --send. All remaining columns are copied to the output and never sent.

To continue an interrupted batch, run the same command again.

Exit codes:
  0    all tasks are solved and all rows are valid; or --limit was reached, and no task failed
  1    a task failed or a row is invalid, --max-failures was reached, or the input became invalid during the run
  2    usage, config or input error: nothing was sent. Or the response did not come from the service
  3    the account needs manual action
  4    --max-submissions or --max-duration was reached, the journal was lost, or all failures were temporary
  74   reading the input or writing a file failed
  130  interrupted (SIGINT); 143: terminated (SIGTERM); 141: the reader closed the pipe

Examples:
  $ captcha batch tasks.csv --out solved.csv --errors bad.csv
  $ captcha batch tasks.csv --dry-run
  $ captcha batch tasks.jsonl --out - --concurrency 50 --max-failures 5% | consumer
  $ captcha batch tasks.csv --out solved.csv --retry-failed
  $ captcha batch tasks.csv --out solved.csv --via queues
  $ captcha batch tasks.csv --out solved.csv --metrics :9400`;

/** Declares `captcha batch`. */
export function register(command: Command, runCommand: CommandRunner): void {
  declareBatchFlags(command.argument('<file>', 'input file, or - for standard input'))
    .addHelpText('after', helpText(examples))
    .action((file: string, flags: Omit<BatchFlags, 'file'>) => runCommand(run, { ...flags, file }));
}

/** The files that every batch reads. */
function filesRead({ config, file }: LoadedConfig, { env }: Context): readonly { what: string; path: string }[] {
  const { CAPTCHAAI_API_KEY_FILE: keyFile = config.api.keyFile } = env;
  return [
    ...(file === null ? [] : [{ what: 'the configuration', path: file.path }]),
    ...(keyFile === null || keyFile === '' ? [] : [{ what: 'the key file', path: keyFile }]),
  ];
}

/** Maximum number of new columns in later records that are reported. */
const maxWarned = 20;

/** Reports which columns are sent and which are not, also for new columns in later JSON Lines records. */
function warnAboutColumns(
  { input, flags, format }: Pick<RunRequest, 'input' | 'flags' | 'format'>,
  { terminal }: Context,
): void {
  const { plan, uses, columns, progress } = input;
  const warnIfMistyped = (column: string): void => {
    const meant = suggestColumn(column, plan);
    if (meant !== null) terminal.note(renderMeant(column, meant));
  };
  // With --dry-run it is part of the result.
  if (flags.dryRun !== true && !isPlain(plan)) terminal.note(renderColumns(plan), { fields: { columns: plan } });
  plan.carried.forEach(warnIfMistyped);
  const written = hasLaterColumns(input) ? progress.columns : new Set(columns);
  let warned = 0;
  uses.onLater = (column, isUnknown) => {
    const isLost = format === 'csv' && !written.has(column);
    if (!isLost && !isUnknown) return;
    warned += 1;
    if (warned > maxWarned) return;
    terminal.note(renderLater(column, { isLost, isUnknown }));
    if (isUnknown) warnIfMistyped(column);
  };
}

/** Solves the tasks of a file, one row each, however often it is interrupted and run again. */
export async function run(given: BatchFlags, context: Context): Promise<number> {
  const flags = given.out === '/dev/stdout' ? { ...given, out: '-' } : given;
  const givenFormat = rowFormat(flags, context.globals.json);
  const overrides = overridesOfBatch(flags);
  const loaded = await context.config(overrides);
  const { config } = loaded;
  const files = await context.batchFiles();
  const reads = filesRead(loaded, context);
  await checkFlags({ flags, isSandbox: context.globals.sandbox, files, reads }, config);
  if (flags.via === 'queues') {
    checkFleet(config, flags.region, context);
    checkWorkersFlags(flags, config);
  }
  const opened = await openBatchInput(flags, config, files, (text) => context.terminal.note(text));
  const format = givenFormat ?? (opened.layout === null ? 'jsonl' : 'csv');
  if (flags.export === true) {
    const input = format === 'csv' ? await readLaterColumns(opened) : opened;
    return exportBatch({ flags, format, input, files }, context);
  }
  warnAboutColumns({ flags, format, input: opened }, context);
  const badRows = await openBadRows({ flags, input: opened, files }, context.terminal);
  try {
    const checked = await checkInput({ flags, input: opened, badRows }, context);
    if (checked.exitCode !== null) return checked.exitCode;
    const input = format === 'csv' ? withLaterColumns(opened) : opened;
    const { inputSummary } = checked;
    const bounds = getBounds(flags, config, inputSummary);
    return await solveBatch({ flags, format, overrides, bounds, input, files, badRows, inputSummary }, context);
  } finally {
    await badRows.close();
  }
}
