import { createHash, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { lstat, mkdtemp, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { checkDistinct, placeOf } from '../adapters/files/file-place.ts';
import { HashSet } from '../adapters/files/input/hash-set.ts';
import { openSource } from '../adapters/files/input/open-source.ts';
import { readImage } from '../adapters/files/input/read-image.ts';
import { readHeader } from '../adapters/files/journal/journal-header.ts';
import { openJournal } from '../adapters/files/journal/open-journal.ts';
import { readJournalRows } from '../adapters/files/journal/read-journal-rows.ts';
import { AppendedRows } from '../adapters/files/output/appended-rows.ts';
import { checkWritable, RowFile } from '../adapters/files/output/row-file.ts';
import { csvFormat, jsonlFormat, type RowFormat } from '../adapters/files/output/row-format.ts';
import { checkIsOurs, keepAside, replaceFile, temporaryEnd } from '../adapters/files/replace-file.ts';
import { makeFolder } from '../adapters/system/make-folder.ts';
import type {
  BatchFiles,
  InputRequest,
  JournalRequest,
  NamedFile,
  OpenOutput,
  OutputRequest,
  ReplacementRules,
  ResultRows,
} from '../cli/batch-files.ts';
import type { Interrupt } from '../cli/interrupt.ts';
import { batchColumns, rowToJson } from '../cli/result-row.ts';
import type { Terminal } from '../cli/terminal.ts';
import { stateFolders } from '../domain/known-files.ts';
import { stateFolderOf } from '../config/state-folder.ts';

function createRowFormat({ path, format, columns, carried = [], layout }: OutputRequest): RowFormat {
  if (format === 'jsonl') return jsonlFormat(rowToJson, ['status', 'solution', 'captcha_id']);
  // Escape these columns against CSV (formula) injection: their text comes from the service.
  const freeText = new Set(['code', 'message', ...carried]);
  if (!/\.tsv$/i.test(path)) return csvFormat(columns, freeText, layout);
  return csvFormat(columns, freeText, { hasMark: false, lineEnd: '\n', ...layout, delimiter: '\t' });
}

/** Rows on standard output, where nothing stands yet that could be replaced. */
async function rowsTo(terminal: Terminal, format: RowFormat): Promise<OpenOutput> {
  await terminal.data(format.header);
  return {
    publish: async () => undefined,
    write: (values) => terminal.data(format.render(values)),
    close: async () => undefined,
  };
}

/** Rows for the reader of standard output, which can close it at any time. */
async function addedTo(terminal: Terminal, format: RowFormat): Promise<ResultRows> {
  await terminal.data(format.header);
  return {
    write: (rows) => terminal.data(rows.map(format.render).join('')),
    close: async () => undefined,
  };
}

async function openFile(request: OutputRequest, { journal, replaces }: ReplacementRules): Promise<OpenOutput> {
  const mark = journal === null ? null : digestOf((await placeOf(journal)).path).slice(0, 8);
  return RowFile.open(request.path, createRowFormat(request), { mark, replaces });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false;
}

async function writeMetrics(path: string, text: string): Promise<void> {
  const place = await placeOf(path);
  await checkIsOurs(place, (start) => start.startsWith('# HELP captcha_'), 'a file of metrics of captcha');
  await replaceFile(place, text);
}

async function moveAside(path: string): Promise<string | null> {
  const place = await placeOf(path);
  if (!place.isFile || place.found === null) return null;
  const name = await keepAside(place.path);
  const isLink = (await lstat(path)).isSymbolicLink();
  return isLink ? name : `${path}${name.slice(place.path.length)}`;
}

/** Suffixes of the names that belong to a file. They must match the names used elsewhere. */
const reservedEnds: Readonly<Record<NamedFile['use'], readonly string[]>> = {
  read: [],
  output: [temporaryEnd],
  journal: ['.lock.', '.tmp-'],
};

function checkNamed(files: readonly NamedFile[]): Promise<void> {
  const readsStdin = files.some(({ path, use }) => path === '-' && use === 'read');
  const uses = files
    .filter(({ path }) => path !== '-')
    .map(({ what, path, use }) => ({ what, path, isWritten: use !== 'read', reserves: reservedEnds[use] }));
  return checkDistinct(uses, [
    ...(readsStdin ? [{ what: 'standard input', fd: 0, isWritten: false }] : []),
    { what: 'standard output', fd: 1, isWritten: true },
    { what: 'standard error', fd: 2, isWritten: true },
  ]);
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

async function stateJournal(inputPath: string, env: NodeJS.ProcessEnv): Promise<string> {
  const path = await realpath(inputPath);
  return join(
    stateFolderOf(env).path,
    stateFolders.journals,
    `${basename(path)}-${digestOf(path).slice(0, 16)}.journal`,
  );
}

/** A new name for a run in the queues. */
function newRun(): string {
  return `b-${randomBytes(10).toString('hex')}`;
}

async function openBatchJournal(
  { path, account, via, fresh, sameAccount, beforeMade, idsAreGone, ...input }: JournalRequest,
  terminal: Terminal,
) {
  const { columns, columnNames, used } = input;
  const found = account === null || via === null ? await readHeader(path) : null;
  const { baseUrl } = account ?? found ?? { baseUrl: '' };
  // An export takes a journal of any key.
  const accountId = account?.accountId ?? '';
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
  return openJournal(path, header, {
    fresh,
    sameAccount,
    beforeMade,
    idsAreGone,
    onWarning: (message) => terminal.error(message),
  });
}

/** What a batch needs of the file system, and what ends it. */
export function createBatchFiles(
  process: NodeJS.Process,
  { terminal, interrupt }: { readonly terminal: Terminal; readonly interrupt: Interrupt },
): BatchFiles & { close(): Promise<void> } {
  const temporary: string[] = [];
  // A second signal ends the process at once: these folders hold solutions.
  interrupt.beforeEnd(() => {
    for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
  });
  const inStateFolder = new Set<string>();
  let readsStdin = false;
  return {
    openInput: (request: InputRequest) => {
      readsStdin ||= request.path === '-';
      return openSource({
        ...request,
        ...{ stdin: process.stdin, format: null },
        ignoredForKey: new Set<string>(batchColumns.filter((column) => column !== 'region')),
        idColumn: 'task_id',
      });
    },
    distinctTexts: () => new HashSet(),
    readImage,
    stateJournal: async (inputPath) => {
      const path = await stateJournal(inputPath, process.env);
      inStateFolder.add(path);
      return path;
    },
    temporaryJournal: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'captcha-'));
      temporary.push(folder);
      return join(folder, 'journal');
    },
    exists,
    checkWritable,
    isStream: async (path) => !(await placeOf(path)).isFile,
    checkDistinct: checkNamed,
    moveAside,
    openJournal: async (request) => {
      if (inStateFolder.has(request.path)) await makeFolder(dirname(request.path));
      return openBatchJournal(request, terminal);
    },
    journalRows: readJournalRows,
    appendRows: (request) =>
      request.path === '-'
        ? addedTo(terminal, createRowFormat(request))
        : AppendedRows.open(request.path, createRowFormat(request)),
    writeMetrics,
    openOutput: (request, rules) =>
      request.path === '-' ? rowsTo(terminal, createRowFormat(request)) : openFile(request, rules),
    close: async () => {
      // The writer of the input may never finish: a stopped run does not wait for it.
      if (readsStdin) process.stdin.destroy();
      for (const folder of temporary) await rm(folder, { recursive: true, force: true });
    },
  };
}
