import { UsageError } from '../../domain/usage-error.ts';
import { shownName } from '../../domain/written-name.ts';
import type { FinishedTask } from '../../ports/task-journal.ts';
import { reservedParameters } from '../../protocol/wire.ts';
import type { Context, Session } from '../context.ts';
import { isTaskColumn, outputColumns } from './batch-columns.ts';
import type { BatchFiles, OpenBatchJournal } from './batch-files.ts';
import type { BatchFlags } from './batch-flags.ts';
import { CountedOutput } from './counted-output.ts';
import type { BatchInput } from './read-input.ts';

export interface RunRequest {
  readonly flags: BatchFlags;
  readonly format: 'csv' | 'jsonl';
  readonly input: BatchInput;
  readonly files: BatchFiles;
}

/** Where the journal lies: as said, beside the output, else in the state folder; null for one that is thrown away. */
export async function journalNameOf(
  { journal, out = '-', file }: BatchFlags,
  isSandbox: boolean,
  files: BatchFiles,
): Promise<string | null> {
  if (journal !== undefined) return journal;
  if (isSandbox) return null;
  // Beside a device or a pipe is no place for a file.
  if (out !== '-' && !(await files.isStream(out))) return `${out}.journal`;
  return file !== '-' && (await files.exists(file)) ? files.stateJournal(file) : null;
}

/** Where the journal lies; null where there is none to keep. */
export async function journalPath({ flags, files }: RunRequest, { globals }: Context): Promise<string | null> {
  const path = await journalNameOf(flags, globals.sandbox, files);
  return path === null && globals.sandbox ? files.throwAwayJournal() : path;
}

/**
 * What is done with an output that is there when a journal is about to be made, which explains nothing yet. A fresh start
 * keeps it, any other refuses it. The journal of before is in force until this is done: a run that is killed at any step
 * leaves an output that a journal explains, or one that is kept.
 */
async function makeWay({ flags, files }: RunRequest, { terminal }: Context): Promise<void> {
  const { out = '-', fresh } = flags;
  if (out === '-' || !(await files.exists(out))) return;
  if (fresh !== true) {
    throw new UsageError(`${out} exists, and no journal says where it is from`, '--fresh renames it and begins anew');
  }
  const name = await files.setAside(out);
  if (name !== null) terminal.note(`${out} is now ${name}`);
}

const knowsNothing = (journal: OpenBatchJournal): boolean =>
  Object.values(journal.counts()).every((count) => count === 0);

/** A journal whose tasks are not in the input belongs to another batch. */
async function checkKnown(journal: OpenBatchJournal, { source }: BatchInput, path: string): Promise<void> {
  if (!journal.isResumed || !source.isRepeatable || knowsNothing(journal)) return;
  for await (const record of source.records()) {
    if (record.type === 'row' && journal.hasKey(record.key)) return;
  }
  const fix = 'name the journal of this input with --journal, or begin anew with --fresh';
  throw new UsageError(`${path}: the journal knows none of the rows of this input`, fix);
}

/** What the versions before this one sent: every column that was none of theirs, under its own name. */
function usedBefore(column: string): string | null {
  const name = column.replace(/^param\./, '');
  return column.startsWith('_') || (name !== 'method' && reservedParameters.has(name)) ? null : name;
}

/** Tasks of one run are sent alike: a column that was sent before is not carried from now on without a word. */
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
  const told = (name: string | null): string => (name === null ? 'carried' : `used as ${shownName(name)}`);
  const list = changed.map(
    (column) => `${shownName(column)} was ${told(before(column))} and is now ${told(now.get(column) ?? null)}`,
  );
  const fix =
    used === undefined
      ? 'say for each of them --keep NAME (carried from now on) or --send NAME (sent as before), or begin anew with --fresh'
      : 'run it with the same --send, --keep and --map as before, or begin anew with --fresh';
  throw new UsageError(`${path}: the journal is of a run that took columns otherwise: ${list.join('; ')}`, fix);
}

/** Opens the journal of a run. */
export async function openBatchJournal(
  request: RunRequest,
  { session, path }: { session: Session | null; path: string },
  context: Context,
): Promise<OpenBatchJournal> {
  const { input, flags, files } = request;
  const { columnNames, uses, plan } = input;
  const columns = outputColumns(input.columns, uses);
  const names = { columns, columnNames, used: { ...plan.sent, ...plan.read } };
  const account = session === null ? null : { baseUrl: session.config.api.baseUrl, accountId: session.accountId };
  const via = session === null ? null : flags.via === 'queues' ? 'queues' : 'direct';
  const journal = await files.openJournal({
    ...{ path, account, ...names, via },
    fresh: flags.fresh === true,
    beforeMade: () => makeWay(request, context),
  });
  try {
    if (journal.keptAs !== null) context.terminal.note(`${path} is now ${journal.keptAs}`);
    await checkKnown(journal, input, path);
    // What is exported is sent to no service.
    if (session !== null) checkUsed(journal, input, path);
    return journal;
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/** What any output of a batch has, whatever its input. */
const outputMarks = ['status', 'solution', 'captcha_id'];

/** What the output may replace: no file that the journal cannot have explained. */
function replacedBy({ journal: named, out, fresh }: BatchFlags, journal: OpenBatchJournal) {
  if (fresh === true) return 'anything' as const;
  if (!journal.isResumed) return 'nothing' as const;
  const isBeside = named === undefined || named === `${out}.journal`;
  return isBeside && !knowsNothing(journal) ? ('anything' as const) : outputMarks;
}

/** Opens the output, with these rows in it. `path` is the journal's. */
export async function openBatchOutput(
  { flags, format, input, files }: RunRequest,
  { journal, path: place }: { journal: OpenBatchJournal; path: string },
  rows: AsyncIterable<FinishedTask>,
): Promise<CountedOutput> {
  const { out: path = '-' } = flags;
  const columns = outputColumns(input.columns, input.uses);
  // An id is carried as it is, too: others are looked up by it.
  const carried = input.plan.carried.filter((column) => !isTaskColumn(column));
  const rules = { journal: place, replaces: replacedBy(flags, journal) };
  const output = new CountedOutput(await files.openOutput({ path, format, columns, carried }, rules));
  try {
    for await (const { values } of rows) await output.write(values);
    await output.publish();
    return output;
  } catch (error) {
    // What ended it is told; that it cannot be closed either says nothing more.
    await output.close().catch(() => undefined);
    throw error;
  }
}
