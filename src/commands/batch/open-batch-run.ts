import type { BatchFiles, OpenBatchJournal, OpenOutput, OutputRequest } from '../../cli/batch-files.ts';
import type { Context, SolveSession } from '../../cli/context.ts';
import { formatByEnding } from '../../cli/flags.ts';
import { isTaskColumn, outputColumns, outputMarks } from '../../cli/input-columns.ts';
import { rowWrittenAt } from '../../cli/result-row.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { UsageError } from '../../domain/errors.ts';
import { shownName } from '../../domain/written-name.ts';
import type { BadRow, FinishedTask } from '../../ports/files.ts';
import type { Clock } from '../../ports/system.ts';
import { reservedParameters } from '../../protocol/wire.ts';
import type { BatchFlags } from './flags.ts';
import type { BatchInput } from './input.ts';

/** The rows of an output, those of earlier runs among them. */
export interface RowCounts {
  readonly solved: number;
  readonly failed: number;
  /** Of the failed ones. */
  readonly byReason: Readonly<Record<string, number>>;
}

/** An output that counts its rows by what became of their tasks. */
export class CountedOutput implements OpenOutput {
  readonly #output: OpenOutput;
  readonly #timestamp: () => number;
  readonly #byReason = new Map<string, number>();
  #solved = 0;
  #failed = 0;

  /** `timestamp`: the wall clock, in epoch ms. */
  constructor(output: OpenOutput, timestamp: () => number) {
    this.#output = output;
    this.#timestamp = timestamp;
  }

  /**
   * Counts a row before it is written. If the write fails, the count is not reported. Whether its solution has expired is
   * judged now, also for a row of an earlier run.
   */
  write(values: Readonly<Record<string, string>>): Promise<void> {
    const { status, reason = '' } = values;
    if (status === 'solved') this.#solved += 1;
    else {
      this.#failed += 1;
      this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + 1);
    }
    return this.#output.write(rowWrittenAt(values, this.#timestamp()));
  }

  counts(): RowCounts {
    return { solved: this.#solved, failed: this.#failed, byReason: Object.fromEntries(this.#byReason) };
  }

  publish(): Promise<void> {
    return this.#output.publish();
  }

  close(): Promise<void> {
    return this.#output.close();
  }
}

export interface RunRequest {
  readonly flags: BatchFlags;
  readonly format: 'csv' | 'jsonl';
  readonly input: BatchInput;
  readonly files: BatchFiles;
}

/** Path of the journal: `--journal`, next to the output, or in the state folder; null for a temporary one. */
export async function journalNameOf(
  { journal, out = '-', file }: BatchFlags,
  isSandbox: boolean,
  files: BatchFiles,
): Promise<string | null> {
  if (journal !== undefined) return journal;
  // No file can be created next to a device or a pipe.
  if (out !== '-' && !(await files.isStream(out))) return `${out}.journal`;
  if (isSandbox) return null;
  return file !== '-' && (await files.exists(file)) ? files.stateJournal(file) : null;
}

/**
 * What is done with an output that is there when a journal is about to be made, which explains nothing yet. A fresh start
 * keeps it, any other refuses it. The journal of before is in force until this is done: a run that is killed at any step
 * leaves an output that a journal explains, or one that is kept.
 */
async function replaceOldOutput({ flags, files }: RunRequest, { terminal }: Context): Promise<void> {
  const { out = '-', fresh } = flags;
  if (out === '-' || !(await files.exists(out))) return;
  if (fresh !== true) {
    throw new UsageError(`${out} exists, but no journal belongs to it`, 'to rename it and start over, add --fresh');
  }
  const name = await files.moveAside(out);
  if (name !== null) terminal.note(`renamed ${out} to ${name}`);
}

const knowsNothing = (journal: OpenBatchJournal): boolean =>
  Object.values(journal.counts()).every((count) => count === 0);

/** A journal whose tasks are not in the input belongs to another batch. */
async function checkKnown(journal: OpenBatchJournal, { source }: BatchInput, path: string): Promise<void> {
  if (!journal.isResumed || !source.isRepeatable || knowsNothing(journal)) return;
  for await (const record of source.records()) {
    if (record.type === 'row' && journal.hasKey(record.key)) return;
  }
  const fix = 'set the journal of this input with --journal FILE, or start over with --fresh';
  throw new UsageError(`${path}: the journal contains none of the rows of this input`, fix);
}

/** What earlier versions sent: every unknown column, under its own name. */
function usedBefore(column: string): string | null {
  const name = column.replace(/^param\./, '');
  return column.startsWith('_') || (name !== 'method' && reservedParameters.has(name)) ? null : name;
}

/** All tasks of a run use the columns in the same way. A change is an error. */
function checkUsed({ isResumed, header }: OpenBatchJournal, { plan, uses }: BatchInput, path: string): void {
  if (!isResumed) return;
  const { used } = header;
  const { sent, read, carried } = plan;
  const now = new Map(Object.entries({ ...sent, ...read }));
  const known = used === undefined ? null : new Map(Object.entries(used));
  const before = (column: string): string | null => (known === null ? usedBefore(column) : (known.get(column) ?? null));
  const changed = [...now.keys(), ...carried].filter((column) => {
    const isDecided = used === undefined && uses.isChosen(column);
    return !isDecided && header.columns.includes(column) && before(column) !== (now.get(column) ?? null);
  });
  if (changed.length === 0) return;
  const usageOf = (name: string | null): string => (name === null ? 'copied' : `used as ${shownName(name)}`);
  const list = changed.map(
    (column) => `${shownName(column)} was ${usageOf(before(column))}, now it is ${usageOf(now.get(column) ?? null)}`,
  );
  const fix =
    used === undefined
      ? 'add --keep NAME (copy only) or --send NAME (send as before) for each column, or start over with --fresh'
      : 'use the same --send, --keep and --map as before, or start over with --fresh';
  throw new UsageError(
    `${path}: the journal belongs to a run that used the columns differently: ${list.join('; ')}`,
    fix,
  );
}

/** Opens the journal of a run. */
export async function openBatchJournal(
  request: RunRequest,
  { session, path }: { session: SolveSession | null; path: string },
  context: Context,
): Promise<OpenBatchJournal> {
  const { input, flags, files } = request;
  const { columnNames, uses, plan } = input;
  const columns = outputColumns(input.columns, uses);
  const names = { columns, columnNames, used: { ...plan.sent, ...plan.read } };
  const { sandbox } = context.globals;
  // Every run of the sandbox has another port.
  const baseUrl = sandbox ? '--sandbox' : (session?.config.api.baseUrl ?? '');
  const account = session === null ? null : { baseUrl, accountId: session.accountId };
  const via = session === null ? null : flags.via === 'queues' ? 'queues' : 'direct';
  const journal = await files.openJournal({
    ...{ path, account, ...names, via },
    fresh: flags.fresh === true,
    idsAreGone: sandbox && session !== null,
    sameAccount: flags.sameAccount === true,
    beforeMade: () => replaceOldOutput(request, context),
  });
  try {
    if (journal.keptAs !== null) context.terminal.note(`renamed ${path} to ${journal.keptAs}`);
    await checkKnown(journal, input, path);
    // An export sends nothing.
    if (session !== null) checkUsed(journal, input, path);
    return journal;
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/** What the output may replace: no file that the journal cannot have explained. */
function replacedBy({ journal: named, out, fresh }: BatchFlags, journal: OpenBatchJournal) {
  if (fresh === true) return 'anything' as const;
  if (!journal.isResumed) return 'nothing' as const;
  const isBeside = named === undefined || named === `${out}.journal`;
  return isBeside && !knowsNothing(journal) ? ('anything' as const) : outputMarks;
}

/** A file is written like the input, so that the same program opens both. A pipe gets plain CSV. */
async function layoutFor(
  path: string,
  { input, files }: Pick<RunRequest, 'input' | 'files'>,
): Promise<Pick<OutputRequest, 'layout'>> {
  const isFile = path !== '-' && !(await files.isStream(path));
  return isFile && input.layout !== null ? { layout: input.layout } : {};
}

/** Opens the output, with these rows in it. `path` is the journal's. */
export async function openBatchOutput(
  { flags, format, input, files }: RunRequest,
  { journal, path: place, clock }: { journal: OpenBatchJournal; path: string; clock: Clock },
  rows: AsyncIterable<FinishedTask>,
): Promise<CountedOutput> {
  const { out: path = '-' } = flags;
  const columns = outputColumns(input.columns, input.uses);
  // A task_id is copied unchanged: other systems look it up.
  const carried = input.plan.carried.filter((column) => !isTaskColumn(column));
  const rules = { journal: place, replaces: replacedBy(flags, journal) };
  const layout = await layoutFor(path, { input, files });
  const opened = await files.openOutput({ path, format, columns, carried, ...layout }, rules);
  const output = new CountedOutput(opened, () => clock.timestamp());
  try {
    for await (const { values } of rows) await output.write(values);
    await output.publish();
    return output;
  } catch (error) {
    // Report the first error only; a failed close adds nothing.
    await output.close().catch(() => undefined);
    throw error;
  }
}

const columns = ['line', 'row', 'column', 'reason', 'fix'];

const capitalised = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

/** The reason without the name of its column, which stands before it. */
const withoutName = (reason: string, column: string | null): string =>
  reason.startsWith(`${column ?? ''}: `) ? reason.slice((column ?? '').length + 2) : reason;

/** Receives invalid rows. */
export interface BadRows {
  report(bad: BadRow): Promise<void>;
  close(): Promise<void>;
}

async function toFile(path: string, { input, files }: Pick<RunRequest, 'input' | 'files'>): Promise<BadRows> {
  const format = /\.(jsonl|ndjson)$/i.test(path) ? 'jsonl' : 'csv';
  const rules = { journal: null, replaces: columns };
  const layout = await layoutFor(path, { input, files });
  const output: OpenOutput = await files.openOutput({ path, format, columns, ...layout }, rules);
  try {
    // That the file is of another program is more important than its ending.
    formatByEnding('--errors', path, '');
    await output.publish();
  } catch (error) {
    // Report the first error only; a failed close adds nothing.
    await output.close().catch(() => undefined);
    throw error;
  }
  return {
    report: ({ line, row, column, reason, fix }) =>
      output.write({ line: String(line), row: String(row), column: column ?? '', reason, fix }),
    close: () => output.close(),
  };
}

/** Reports invalid rows on stderr or in the file of `--errors`. */
export async function openBadRows(
  { flags, ...request }: Pick<RunRequest, 'flags' | 'input' | 'files'>,
  terminal: Terminal,
): Promise<BadRows> {
  if (flags.errors !== undefined) return toFile(flags.errors, request);
  return {
    report: async ({ line, column, reason, fix }) =>
      terminal.error(
        `line ${line}${column === null ? '' : `, ${column}`}: ${withoutName(reason, column)}. ${capitalised(fix)}`,
        { line, column, reason, fix },
      ),
    close: async () => undefined,
  };
}
