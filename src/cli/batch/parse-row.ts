import type { BatchItem } from '../../core/batch/batch-item.ts';
import { shownName } from '../../domain/written-name.ts';
import type { Awaitable } from '../../ports/awaitable.ts';
import type { BadRow, InputRow } from '../../ports/task-source.ts';
import { parseTask, type TaskRules } from '../solve/checked-task.ts';
import type { ColumnUses, RowContent } from './batch-columns.ts';
import type { ImageRead } from './batch-files.ts';

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

function bad({ row, line }: InputRow, [column, reason, fix]: readonly [string | null, string, string]): BadRow {
  return { type: 'bad', row, line, column, reason, fix };
}

/** The task of a record, or why it cannot be one; at once, unless there is an image to be read. */
export function parseRow(row: InputRow, rules: RowRules): Awaitable<BatchItem | BadRow> {
  const content = rules.uses.read(row.values, row.truths);
  if ('reason' in content) return bad(row, [shownName(content.column), content.reason, content.fix]);
  const { task_id: taskId = String(row.row), priority: written = '', file, body = null } = content.task;
  if (!rules.isNewId(taskId))
    return bad(row, ['task_id', `${taskId} stands on an earlier line, too`, 'Give every row its own.']);
  const priority = Number(written);
  if (!Number.isFinite(priority)) return bad(row, ['priority', 'not a number', 'Lower numbers come first.']);
  if (file === undefined || file.trim() === '') return parseContent(row, { content, taskId, priority, body }, rules);
  return rules.readImage(file).then((image) => {
    if ('body' in image) return parseContent(row, { content, taskId, priority, body: image.body }, rules);
    return bad(row, ['file', image.reason, image.fix]);
  });
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
  const task = parseTask(input, rules.tasks);
  if ('taskId' in task) return { key: row.key, task, priority, values: rules.uses.outputValues(row.values) };
  const [first] = task;
  const about = first?.about ?? null;
  const reason = task.map((refusal) => refusal.reason).join('; ');
  const isSent = about !== null && Object.hasOwn(params, about);
  const fix = isSent ? `Rename the column, or carry it through with --keep ${about}.` : 'Fill the column.';
  return bad(row, [about, reason, first?.fix ?? fix]);
}
