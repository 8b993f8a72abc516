import type { BatchItem } from '../../core/batch/batch-item.ts';
import type { Awaitable } from '../../ports/awaitable.ts';
import type { BadRow, InputRow } from '../../ports/task-source.ts';
import { parseTask, type TaskRules } from '../solve/checked-task.ts';
import { parameterOf } from './batch-columns.ts';
import type { ImageRead } from './batch-files.ts';

export interface RowRules {
  readonly tasks: TaskRules;
  /** The region of rows that name none; null leaves it to the routes. */
  readonly region: string | null;
  /** Columns that are carried through and never sent. */
  readonly keep: ReadonlySet<string>;
  /** The content of an image as bare base64, or why there is none. */
  readonly readImage: (path: string) => Promise<ImageRead>;
  /** False for a task id that was met before. */
  readonly isNewId: (id: string) => boolean;
}

const orNull = (text: string | undefined): string | null => (text === undefined || text === '' ? null : text);

function bad({ row, line }: InputRow, [column, reason, fix]: readonly [string | null, string, string]): BadRow {
  return { type: 'bad', row, line, column, reason, fix };
}

function paramsOf({ values, truths }: InputRow, keep: ReadonlySet<string>): Record<string, string> {
  const sent: (readonly [string, string])[] = [];
  for (const column of Object.keys(values)) {
    const value = values[column] ?? '';
    const name = value === '' ? null : parameterOf(column, keep);
    if (name !== null) sent.push([name, truths?.includes(column) === true ? String(Number(value === 'true')) : value]);
  }
  return Object.fromEntries(sent);
}

/** The task of a record, or why it cannot be one; at once, unless there is an image to be read. */
export function parseRow(row: InputRow, rules: RowRules): Awaitable<BatchItem | BadRow> {
  const { values } = row;
  const taskId = orNull(values['task_id']) ?? String(row.row);
  if (!rules.isNewId(taskId))
    return bad(row, ['task_id', `${taskId} stands on an earlier line, too`, 'Give every row its own.']);
  const priority = Number(values['priority'] ?? '');
  if (!Number.isFinite(priority)) return bad(row, ['priority', 'not a number', 'Lower numbers come first.']);
  const { file = '', body } = values;
  if (file.trim() === '') return parseContent(row, { taskId, priority, body: orNull(body) }, rules);
  return rules.readImage(file).then((image) => {
    if ('body' in image) return parseContent(row, { taskId, priority, body: image.body }, rules);
    return bad(row, ['file', image.reason, image.fix]);
  });
}

interface Known {
  readonly taskId: string;
  readonly priority: number;
  readonly body: string | null;
}

function parseContent(row: InputRow, { taskId, priority, body }: Known, rules: RowRules): BatchItem | BadRow {
  const { values } = row;
  const input = {
    taskId,
    method: orNull(values['method']),
    sitekey: orNull(values['sitekey']),
    pageurl: orNull(values['pageurl']),
    pageAction: orNull(values['page_action']),
    body,
    params: paramsOf(row, rules.keep),
    region: orNull(values['region']) ?? rules.region,
  };
  const task = parseTask(input, rules.tasks);
  if ('taskId' in task) return { key: row.key, task, priority, values };
  const [first] = task;
  const about = first?.about ?? null;
  const reason = task.map((refusal) => refusal.reason).join('; ');
  const isSent = about !== null && Object.hasOwn(input.params, about);
  const fix = isSent ? `Rename the column, or carry it through with --keep ${about}.` : 'Fill the column.';
  return bad(row, [about, reason, first?.fix ?? fix]);
}
