import { open } from 'node:fs/promises';
import { UsageError } from '../../../domain/errors.ts';
import { isSealed, sealLine } from '../../state/sealed-line.ts';

/** The first record of a journal: the run that it belongs to. */
export interface JournalHeader {
  readonly schemaVersion: 1;
  readonly baseUrl: string;
  /** A hash of the API key: it identifies the account without revealing the key. A run with an empty one takes any. */
  readonly accountId: string;
  /** Name of the input, for display; not compared. */
  readonly input: string;
  /** The input's column names after mapping, in order; not compared. */
  readonly columns: readonly string[];
  /** The `--map` option: new names of input columns. */
  readonly columnNames: Readonly<Record<string, string>>;
  /** The input columns that are read or sent, with their names; absent in versions that sent all other columns. */
  readonly used?: Readonly<Record<string, string>>;
  /** The run's name in the queues; absent if this machine solves the tasks. */
  readonly run?: string;
  /** Creation time in epoch ms. */
  readonly createdAt: number;
}

/** The start of every journal. */
export const headerStart = '{"t":"header",';

export function encodeHeader(header: JournalHeader): Buffer {
  return sealLine({ t: 'header', ...header });
}

const accountStart = '{"t":"account",';

/** Says that from here on the journal is continued with another API key. */
export function encodeAccount(accountId: string): Buffer {
  return sealLine({ t: 'account', accountId });
}

/** The account id in a sealed line; null for any other record. */
export function decodeAccount(line: Buffer): string | null {
  if (line.toString('latin1', 0, accountStart.length) !== accountStart) return null;
  return (JSON.parse(line.toString()) as { accountId: string }).accountId;
}

/** Reads the header from the first line of a journal. Throws `UsageError` if it is damaged or of a later version. */
export function decodeHeader(line: Buffer, path: string): JournalHeader {
  if (!isSealed(line)) {
    throw new UsageError(`line 1 of the journal ${path} is damaged`, 'restore the file, or start over with --fresh');
  }
  const found = JSON.parse(line.toString()) as Omit<JournalHeader, 'schemaVersion'> & { schemaVersion: number };
  const { schemaVersion, baseUrl, accountId, input, columns, columnNames, used, run, createdAt } = found;
  const optional = { ...(used !== undefined && { used }), ...(run !== undefined && { run }) };
  if (schemaVersion === 1)
    return { schemaVersion, baseUrl, accountId, input, columns, columnNames, ...optional, createdAt };
  throw new UsageError(
    `the journal ${path} was written by another version of captcha (schema ${schemaVersion})`,
    'use that version, or start over with --fresh',
  );
}

/** The mapping as typed on the command line; ambiguous names are quoted. */
function shownMapping(columnNames: JournalHeader['columnNames']): string {
  const quoted = (text: string): string => (/[=,"]/.test(text) ? JSON.stringify(text) : text);
  const pairs = Object.entries(columnNames).map(([column, name]) => `${quoted(column)}=${quoted(name)}`);
  return pairs.length === 0 ? 'none' : pairs.sort().join(', ');
}

const executionModeOf = ({ run }: JournalHeader): string => (run === undefined ? '--via direct' : '--via queues');

function hasOtherAccount(found: JournalHeader, wanted: JournalHeader): boolean {
  return wanted.accountId !== '' && found.accountId !== wanted.accountId;
}

const differences: readonly ((found: JournalHeader, wanted: JournalHeader) => string | null)[] = [
  (found, wanted) =>
    found.baseUrl === wanted.baseUrl ? null : `its base URL is ${found.baseUrl}, but this run uses ${wanted.baseUrl}`,
  // The account ids are not shown: they are hashes.
  (found, wanted) => (hasOtherAccount(found, wanted) ? 'it was written with another API key' : null),
  // Progress is stored in a different place for each execution mode: changing the mode would pay for tasks twice.
  (found, wanted) => {
    const [its, ours] = [executionModeOf(found), executionModeOf(wanted)];
    return its === ours ? null : `its tasks are solved ${its}, this run's ${ours}`;
  },
  (found, wanted) => {
    const [its, ours] = [shownMapping(found.columnNames), shownMapping(wanted.columnNames)];
    return its === ours ? null : `its column mapping is ${its}, this run's is ${ours}`;
  },
];

/** Throws `UsageError` if a journal belongs to another run; the message names the differences. */
export function refuseForeign(found: JournalHeader, wanted: JournalHeader, path: string): void {
  const why = differences.flatMap((differenceOf) => differenceOf(found, wanted) ?? []);
  if (why.length === 0) return;
  // A rotated key cannot be told from the key of another account, of which the service would know none of the ids.
  const mayBeRotated = hasOtherAccount(found, wanted) && found.baseUrl === wanted.baseUrl;
  const rotated = 'if the key was rotated and belongs to the same account, add --same-account; otherwise ';
  throw new UsageError(
    `the journal ${path} belongs to another run: ${why.join('; ')}`,
    `${mayBeRotated ? rotated : ''}use the earlier settings to continue, start over with --fresh (the old journal is renamed), or use another journal with --journal FILE`,
  );
}

/** Reads the header of an existing journal. Throws `UsageError` if it is damaged, and system errors. */
export async function readHeader(path: string): Promise<JournalHeader> {
  const file = await open(path);
  try {
    for await (const line of file.readLines({ autoClose: false })) return decodeHeader(Buffer.from(line), path);
    return decodeHeader(Buffer.alloc(0), path);
  } finally {
    await file.close();
  }
}
