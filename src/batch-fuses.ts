import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, realpath, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { HashSet } from './adapters/files/input/hash-set.ts';
import { openSource } from './adapters/files/input/open-source.ts';
import { readImage } from './adapters/files/input/read-image.ts';
import { openJournal } from './adapters/files/journal/open-journal.ts';
import { readHeader } from './adapters/files/journal/read-header.ts';
import { AppendedRows } from './adapters/files/output/appended-rows.ts';
import { RowFile } from './adapters/files/output/row-file.ts';
import { csvFormat, jsonlFormat, type RowFormat } from './adapters/files/output/row-format.ts';
import { checkWritable } from './adapters/files/output/check-writable.ts';
import { makeFolder } from './adapters/system/make-folder.ts';
import { resultColumns } from './cli/batch/batch-columns.ts';
import type {
  BatchFiles,
  InputRequest,
  JournalRequest,
  OpenOutput,
  OutputRequest,
  ResultRows,
} from './cli/batch/batch-files.ts';
import { typedRow } from './cli/batch/typed-row.ts';
import type { Terminal } from './cli/output/terminal.ts';
import { stateFolderOf } from './state-folder.ts';

function formatOf({ format, columns, carried = [] }: OutputRequest): RowFormat {
  if (format === 'jsonl') return jsonlFormat(typedRow);
  // Text in these comes from the service or is nobody's business here: a spreadsheet must not run it.
  return csvFormat(columns, new Set(['code', ...carried]));
}

/** Rows on standard output, where nothing stands yet that could be replaced. */
async function rowsTo(terminal: Terminal, format: RowFormat): Promise<OpenOutput> {
  await terminal.result(format.header);
  return {
    publish: async () => undefined,
    write: (values) => terminal.result(format.render(values)),
    close: async () => undefined,
  };
}

/** Rows for whoever reads standard output, who may go at any moment. */
async function addedTo(terminal: Terminal, format: RowFormat): Promise<ResultRows> {
  await terminal.result(format.header);
  return {
    write: (rows) => terminal.result(rows.map(format.render).join('')),
    close: async () => undefined,
  };
}

async function openFile(request: OutputRequest): Promise<OpenOutput> {
  return RowFile.open(request.path, formatOf(request));
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false;
}

async function realNameOf(path: string): Promise<string | null> {
  const found = await stat(path).catch(() => null);
  if (found !== null) return found.isFile() ? realpath(path) : null;
  const folder = await realpath(dirname(path)).catch(() => resolve(dirname(path)));
  return join(folder, basename(path));
}

/** `name.1`, `name.2` and so on: the first that is free. */
async function setAside(path: string): Promise<string | null> {
  if (!(await exists(path))) return null;
  for (let count = 1; ; count += 1) {
    const name = `${path}.${count}`;
    if (await exists(name)) continue;
    await rename(path, name);
    return name;
  }
}

async function stateJournal(inputPath: string, env: NodeJS.ProcessEnv): Promise<string> {
  const path = await realpath(inputPath);
  const folder = join(stateFolderOf(env).path, 'journals');
  await makeFolder(folder);
  const digest = createHash('sha256').update(path).digest('hex').slice(0, 16);
  return join(folder, `${basename(path)}-${digest}.journal`);
}

/** A new name for a run in the queues. */
function newRun(): string {
  return `b-${randomBytes(10).toString('hex')}`;
}

async function openBatchJournal({ path, account, via, fresh, ...input }: JournalRequest) {
  const { columns, columnNames, used } = input;
  const found = account === null || via === null ? await readHeader(path) : null;
  const { baseUrl, accountId } = account ?? found ?? { baseUrl: '', accountId: '' };
  const run = via === 'queues' ? newRun() : found?.run;
  const header = {
    schemaVersion: 1,
    baseUrl,
    accountId,
    input: '',
    columns,
    columnNames,
    used,
    ...(run !== undefined && { run }),
    createdAt: Date.now(),
  } as const;
  return openJournal(path, header, { fresh });
}

/** What a batch needs of the file system, and what ends it. */
export function plugBatchFiles(process: NodeJS.Process, terminal: Terminal): BatchFiles & { close(): Promise<void> } {
  const throwAway: string[] = [];
  let readsStdin = false;
  return {
    openInput: (request: InputRequest) => {
      readsStdin ||= request.path === '-';
      return openSource({
        ...request,
        ...{ stdin: process.stdin, format: null },
        ignoredForKey: new Set<string>(resultColumns.filter((column) => column !== 'region')),
        idColumn: 'task_id',
      });
    },
    distinctTexts: () => new HashSet(),
    readImage,
    stateJournal: (inputPath) => stateJournal(inputPath, process.env),
    throwAwayJournal: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'captcha-'));
      throwAway.push(folder);
      return join(folder, 'journal');
    },
    exists,
    checkWritable,
    realNameOf,
    setAside,
    openJournal: openBatchJournal,
    appendRows: (request) =>
      request.path === '-' ? addedTo(terminal, formatOf(request)) : AppendedRows.open(request.path, formatOf(request)),
    openOutput: (request) => (request.path === '-' ? rowsTo(terminal, formatOf(request)) : openFile(request)),
    close: async () => {
      // Whoever feeds it may never end: a run that has stopped does not wait for that.
      if (readsStdin) process.stdin.destroy();
      for (const folder of throwAway) await rm(folder, { recursive: true, force: true });
    },
  };
}
