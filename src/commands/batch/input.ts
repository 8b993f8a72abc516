import type { BatchFiles } from '../../cli/batch-files.ts';
import { parseTask, type TaskRules, taskRules } from '../../cli/checked-task.ts';
import { type ColumnPlan, ColumnUses, planColumns, type RowContent } from '../../cli/input-columns.ts';
import type { Config } from '../../config/schema.ts';
import type { BatchItem } from '../../core/batch/batch-plan.ts';
import { UsageError } from '../../domain/errors.ts';
import type { Result } from '../../domain/result.ts';
import { shownName } from '../../domain/written-name.ts';
import type { BadRow, CsvLayout, ImageRead, InputRow, RowError, TaskSource } from '../../ports/files.ts';
import type { Awaitable } from '../../ports/system.ts';
import { type BatchFlags, parseColumnNames } from './flags.ts';

export interface RowRules {
  readonly tasks: TaskRules;
  /** The region of rows that name none; null leaves it to the routes. */
  readonly region: string | null;
  /** The method of rows that name none; null leaves them to their image. */
  readonly method: string | null;
  readonly uses: ColumnUses;
  /** The content of an image as bare base64, or why there is none. */
  readonly readImage: (path: string) => Promise<ImageRead>;
  /** False for a task id that was met before. */
  readonly isNewId: (id: string) => boolean;
}

function bad({ row, line }: InputRow, error: Omit<RowError, 'line'>): BadRow {
  return { type: 'bad', row, line, column: error.column, reason: error.reason, fix: error.fix };
}

/** Why a task id cannot be used a second time. */
function takenId({ task }: RowContent, taskId: string): Omit<RowError, 'line'> {
  const reason =
    task.task_id === undefined
      ? `the row has none, and its row number ${taskId} is the task_id of another row`
      : `duplicate task_id ${taskId}`;
  return {
    column: 'task_id',
    reason,
    fix: 'Task ids must be unique. A row without one has its row number as task_id.',
  };
}

/** The task of a record, or why it cannot be one; at once, unless there is an image to be read. */
export function parseRow(row: InputRow, rules: RowRules): Awaitable<BatchItem | BadRow> {
  const found = rules.uses.read(row.values, row.literals);
  if ('error' in found) return bad(row, { ...found.error, column: shownName(found.error.column) });
  const content = found.value;
  const { task_id: taskId = String(row.row), priority: written = '', file, body = null } = content.task;
  if (!rules.isNewId(taskId)) return bad(row, takenId(content, taskId));
  const priority = Number(written);
  if (!Number.isFinite(priority)) {
    return bad(row, { column: 'priority', reason: 'not a number', fix: 'Lower numbers come first.' });
  }
  const known = { content, taskId, priority, body };
  if (file === undefined && Object.keys(content.images).length === 0) return parseContent(row, known, rules);
  return readImages(content, rules).then((images) => {
    if ('error' in images) return bad(row, images.error);
    const { file: main = body, params } = images.value;
    return parseContent(row, { ...known, body: main, content: { ...content, params } }, rules);
  });
}

interface ReadContent {
  /** The content of the column `file`, if the row has it. */
  readonly file?: string;
  readonly params: RowContent['params'];
}

/** The parameters of a row with the images that it names, or why one of them cannot be used. */
async function readImages(
  { task, params, images }: RowContent,
  { readImage }: RowRules,
): Promise<Result<ReadContent, Omit<RowError, 'line'>>> {
  const all: Record<string, string> = { ...params };
  for (const [name, path] of Object.entries(images)) {
    const image = await readImage(path);
    if ('error' in image) return { error: { column: `file.${name}`, ...image.error } };
    all[name] = image.value;
  }
  if (task.file === undefined) return { value: { params: all } };
  const image = await readImage(task.file);
  if ('error' in image) return { error: { column: 'file', ...image.error } };
  return { value: { file: image.value, params: all } };
}

interface Known {
  readonly content: RowContent;
  readonly taskId: string;
  readonly priority: number;
  readonly body: string | null;
}

function parseContent(row: InputRow, { content, taskId, priority, body }: Known, rules: RowRules): BatchItem | BadRow {
  const { task: given, params } = content;
  const input = {
    taskId,
    method: given.method ?? rules.method,
    sitekey: given.sitekey ?? null,
    pageurl: given.pageurl ?? null,
    pageAction: given.page_action ?? null,
    body,
    params,
    region: given.region ?? rules.region,
  };
  const parsed = parseTask(input, rules.tasks);
  if ('value' in parsed) {
    const values = given.task_id === undefined ? rules.uses.withId(row.values, taskId) : row.values;
    const { key, line, literals } = row;
    const item = { key, line, task: parsed.value, priority, values: rules.uses.outputValues(values) };
    return literals === undefined ? item : { ...item, literals };
  }
  const [first] = parsed.error;
  const about = first?.about ?? null;
  const reason = parsed.error.map((refusal) => refusal.reason).join('; ');
  const isSent = about !== null && Object.hasOwn(params, about);
  const fix = isSent ? `Rename the column, or copy it to the output with --keep ${about}.` : 'Fill the column.';
  return bad(row, { column: about, reason, fix: first?.fix ?? fix });
}

/** The input of a batch, record by record, as tasks. */
export interface BatchInput {
  readonly source: TaskSource;
  /** Those of the first record; after `withLaterColumns` those of all records. */
  readonly columns: readonly string[];
  /** The layout of a CSV; null for JSON Lines. */
  readonly layout: CsvLayout | null;
  readonly columnNames: Readonly<Record<string, string>>;
  readonly uses: ColumnUses;
  /** What becomes of `columns`. */
  readonly plan: ColumnPlan;
  /** Every record: a task, or why it cannot be one. Records in which nothing stands are left out. */
  records(): AsyncIterable<BatchItem | BadRow>;
  /**
   * What the latest reading has come to: how many records were left out, and the line of the last one. `columns`: those
   * of all records that the first reading met.
   */
  readonly progress: { readonly emptyCount: number; readonly line: number; readonly columns: Set<string> };
}

function isEmpty(values: Readonly<Record<string, string>>): boolean {
  for (const column in values) if ((values[column] ?? '').trim() !== '') return false;
  return true;
}

/** Throws `UsageError` for columns that cannot be used, all of them at once. */
function checkColumns(columns: readonly string[], uses: ColumnUses): void {
  const errors = uses.check(columns);
  const [first] = errors;
  if (first === undefined) return;
  const reasons = errors.map(({ column, reason }) => `column ${shownName(column)}: ${reason}`);
  throw new UsageError(reasons.join('\n  '), [...new Set(errors.map(({ fix }) => fix))].join('\n  '));
}

/** Later ones than these are reported and not written. */
const maxOutputColumns = 10_000;

function addColumns(columns: Set<string>, { values }: InputRow): void {
  for (const column in values) if (columns.size < maxOutputColumns) columns.add(column);
}

/** Opens the input that the flags name. `warn` gets hints about probable mistakes. Throws `UsageError` for unusable input. */
export async function openBatchInput(
  flags: BatchFlags,
  config: Config,
  files: BatchFiles,
  warn: (text: string) => void,
): Promise<BatchInput> {
  const { file, delimiter = null, encoding = null, region = null, method = null, keep = [], send = [] } = flags;
  const columnNames = parseColumnNames(flags.map ?? []);
  const uses = new ColumnUses({ keep, send });
  const isCarried = (column: string): boolean => uses.of(column).do === 'carry';
  const named = { columnNames, kept: keep, sent: send, hasMethod: method !== null, isCarried };
  const source = files.openInput({ path: file, delimiter, encoding, ...named });
  const columns = await source.columns();
  const layout = await source.layout();
  checkColumns(columns, uses);
  const tasks = taskRules(config, warn);
  const progress = { emptyCount: 0, line: 0, columns: new Set(columns) };

  /** An input that can be read again stays as it is: once no id occurred twice, none will. */
  let hasDistinctIds = false;
  let isRead = false;
  async function* records(): AsyncIterable<BatchItem | BadRow> {
    const ids = hasDistinctIds ? null : files.distinctTexts();
    const isFirst = layout === null && !isRead;
    let repeatedCount = 0;
    const isNewId = (id: string): boolean => {
      const isNew = ids?.addIfNew(id) ?? true;
      repeatedCount += isNew ? 0 : 1;
      return isNew;
    };
    const readImage = (path: string) => files.readImage(path, file);
    const rules = { tasks, region, method, uses, readImage, isNewId };
    progress.emptyCount = 0;
    for await (const record of source.records()) {
      progress.line = record.line;
      if (isFirst && record.type === 'row') addColumns(progress.columns, record);
      if (record.type === 'row' && isEmpty(record.values)) progress.emptyCount += 1;
      else yield record.type === 'bad' ? record : parseRow(record, rules);
    }
    hasDistinctIds = repeatedCount === 0;
    isRead = true;
  }
  return { source, columns, layout, columnNames, uses, plan: planColumns(columns, uses), records, progress };
}

/** True if a CSV output has the columns of all records: they are known once the input was read. */
export const hasLaterColumns = ({ source, layout }: BatchInput): boolean => layout === null && source.isRepeatable;

/** JSON Lines that were read, with the columns of all records: a CSV of them has one header. */
export function withLaterColumns(input: BatchInput): BatchInput {
  return hasLaterColumns(input) ? { ...input, columns: [...input.progress.columns] } : input;
}

/** The same for an export, which checks no record. */
export async function readLaterColumns(input: BatchInput): Promise<BatchInput> {
  if (!hasLaterColumns(input)) return input;
  for await (const record of input.source.records()) {
    if (record.type === 'row') addColumns(input.progress.columns, record);
  }
  return withLaterColumns(input);
}
