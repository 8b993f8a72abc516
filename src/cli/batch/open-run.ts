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

/** Where the journal lies: as said, beside the output, else in the state folder; null where there is none to keep. */
export async function journalPath({ flags, input, files }: RunRequest, { globals }: Context): Promise<string | null> {
  const { journal, out = '-', file } = flags;
  if (journal !== undefined) return journal;
  if (globals.sandbox) return files.throwAwayJournal();
  // Beside a device or a pipe is no place for a file.
  if (out !== '-' && (await files.realNameOf(out)) !== null) return `${out}.journal`;
  return input.source.isRepeatable ? files.stateJournal(file) : null;
}

/** An output that no journal explains is somebody's work: it is not overwritten. */
async function checkOutput({ flags, files }: RunRequest, path: string): Promise<void> {
  const { out = '-', fresh } = flags;
  if (fresh === true || out === '-' || (await files.exists(path)) || !(await files.exists(out))) return;
  throw new UsageError(`${out} exists, and no journal says where it is from`, '--fresh renames it and begins anew');
}

/** Says where a fresh start keeps what was there. The journal has moved its own, under its lock. */
async function setOutputAside(
  { flags, files }: RunRequest,
  { path, keptAs }: { path: string; keptAs: string | null },
  { terminal }: Context,
): Promise<void> {
  const { out = '-', fresh } = flags;
  if (keptAs !== null) terminal.note(`${path} is now ${keptAs}`);
  const name = fresh === true && out !== '-' ? await files.setAside(out) : null;
  if (name !== null) terminal.note(`${out} is now ${name}`);
}

/** A journal whose tasks are not in the input belongs to another batch. */
async function checkKnown(journal: OpenBatchJournal, { source }: BatchInput, path: string): Promise<void> {
  const knowsNone = Object.values(journal.counts()).every((count) => count === 0);
  if (!journal.isResumed || !source.isRepeatable || knowsNone) return;
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
  await checkOutput(request, path);
  const { input, flags, files } = request;
  const { columnNames, uses, plan } = input;
  const columns = outputColumns(input.columns, uses);
  const names = { columns, columnNames, used: { ...plan.sent, ...plan.read } };
  const account = session === null ? null : { baseUrl: session.config.api.baseUrl, accountId: session.accountId };
  const via = session === null ? null : flags.via === 'queues' ? 'queues' : 'direct';
  const journal = await files.openJournal({ path, account, ...names, via, fresh: flags.fresh === true });
  try {
    await checkKnown(journal, input, path);
    // What is exported is sent to no service.
    if (session !== null) checkUsed(journal, input, path);
    await setOutputAside(request, { path, keptAs: journal.keptAs }, context);
    return journal;
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/** Opens the output, with these rows in it. */
export async function openBatchOutput(
  { flags, format, input, files }: RunRequest,
  rows: AsyncIterable<FinishedTask>,
): Promise<CountedOutput> {
  const { out: path = '-' } = flags;
  const columns = outputColumns(input.columns, input.uses);
  // An id is carried as it is, too: others are looked up by it.
  const carried = input.plan.carried.filter((column) => !isTaskColumn(column));
  const output = new CountedOutput(await files.openOutput({ path, format, columns, carried }));
  for await (const { values } of rows) await output.write(values);
  await output.publish();
  return output;
}
