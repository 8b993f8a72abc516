import { open } from 'node:fs/promises';
import { UsageError } from '../../../domain/errors.ts';
import { isSealed, sealLine } from '../../state/sealed-line.ts';

/** What a journal belongs to: its first record. */
export interface JournalHeader {
  readonly schemaVersion: 1;
  readonly baseUrl: string;
  /** Stands for the API key without revealing it. */
  readonly accountId: string;
  /** What was read, for people; not compared. */
  readonly input: string;
  /** The names of the input's columns, mapped, in their order; not compared. */
  readonly columns: readonly string[];
  /** Which column of the input is which name: the mapping of `--map`. */
  readonly columnNames: Readonly<Record<string, string>>;
  /** What is read or sent of the input's columns, and under which name; left out by versions that sent every other one. */
  readonly used?: Readonly<Record<string, string>>;
  /** Names the run in the queues of the regions; left out where this machine solves the tasks. */
  readonly run?: string;
  /** Epoch ms. */
  readonly createdAt: number;
}

/** How every journal begins. */
export const headerStart = '{"t":"header",';

export function encodeHeader(header: JournalHeader): Buffer {
  return sealLine({ t: 'header', ...header });
}

/** The header in the first line of a journal. Throws `UsageError` for one that is damaged or of a later version. */
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

/** As it would be typed, each pair quoted where its names would make it ambiguous. */
function shownMapping(columnNames: JournalHeader['columnNames']): string {
  const quoted = (text: string): string => (/[=,"]/.test(text) ? JSON.stringify(text) : text);
  const pairs = Object.entries(columnNames).map(([column, name]) => `${quoted(column)}=${quoted(name)}`);
  return pairs.length === 0 ? 'none' : pairs.sort().join(', ');
}

const executionModeOf = ({ run }: JournalHeader): string => (run === undefined ? '--via direct' : '--via queues');

const differences: readonly ((found: JournalHeader, wanted: JournalHeader) => string | null)[] = [
  (found, wanted) =>
    found.baseUrl === wanted.baseUrl ? null : `its base URL is ${found.baseUrl}, but this run uses ${wanted.baseUrl}`,
  // The ids themselves would say nothing to anybody.
  (found, wanted) => (found.accountId === wanted.accountId ? null : 'it belongs to the API key of another account'),
  // Where the tasks are is written in different places: whoever changes the way would pay for them twice.
  (found, wanted) => {
    const [its, ours] = [executionModeOf(found), executionModeOf(wanted)];
    return its === ours ? null : `its tasks are solved ${its}, this run's ${ours}`;
  },
  (found, wanted) => {
    const [its, ours] = [shownMapping(found.columnNames), shownMapping(wanted.columnNames)];
    return its === ours ? null : `its column mapping is ${its}, this run's is ${ours}`;
  },
];

/** Throws `UsageError` where a journal belongs to another run than the one that opens it, saying what differs. */
export function refuseForeign(found: JournalHeader, wanted: JournalHeader, path: string): void {
  const why = differences.flatMap((differenceOf) => differenceOf(found, wanted) ?? []);
  if (why.length === 0) return;
  throw new UsageError(
    `the journal ${path} belongs to another run: ${why.join('; ')}`,
    'use the earlier settings to continue, start over with --fresh (the old journal is renamed), or use another journal with --journal FILE',
  );
}

/** The header of a journal that exists. Throws `UsageError` where it is damaged, and the system's error. */
export async function readHeader(path: string): Promise<JournalHeader> {
  const file = await open(path);
  try {
    for await (const line of file.readLines({ autoClose: false })) return decodeHeader(Buffer.from(line), path);
    return decodeHeader(Buffer.alloc(0), path);
  } finally {
    await file.close();
  }
}
