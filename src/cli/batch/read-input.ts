import type { Config } from '../../config/schema.ts';
import type { BatchItem } from '../../core/batch/batch-item.ts';
import { UsageError } from '../../domain/usage-error.ts';
import { shownName } from '../../domain/written-name.ts';
import type { BadRow, TaskSource } from '../../ports/task-source.ts';
import { taskRules } from '../solve/checked-task.ts';
import { type ColumnPlan, ColumnUses, planOf } from './batch-columns.ts';
import type { BatchFiles } from './batch-files.ts';
import { type BatchFlags, parseColumnNames } from './batch-flags.ts';
import { parseRow } from './parse-row.ts';

/** The input of a batch, record by record, as tasks. */
export interface BatchInput {
  readonly source: TaskSource;
  readonly columns: readonly string[];
  readonly columnNames: Readonly<Record<string, string>>;
  readonly uses: ColumnUses;
  /** What becomes of `columns`. */
  readonly plan: ColumnPlan;
  /** Every record: a task, or why it cannot be one. Records in which nothing stands are left out. */
  records(): AsyncIterable<BatchItem | BadRow>;
  /** What the latest reading has come to: how many records were left out, and the line of the last one. */
  readonly progress: { readonly emptyCount: number; readonly line: number };
}

function isEmpty(values: Readonly<Record<string, string>>): boolean {
  for (const column in values) if ((values[column] ?? '').trim() !== '') return false;
  return true;
}

/** Throws `UsageError` for columns that cannot be used, all of them at once. */
function checkColumns(columns: readonly string[], uses: ColumnUses): void {
  const faults = uses.faultsOf(columns);
  const [first] = faults;
  if (first === undefined) return;
  const reasons = faults.map(({ column, reason }) => `the column ${shownName(column)}: ${reason}`);
  throw new UsageError(reasons.join('\n  '), [...new Set(faults.map(({ fix }) => fix))].join('\n  '));
}

/** Opens the input that the flags name; `warn` is told of what may be meant otherwise. Throws `UsageError` where it cannot be used at all. */
export async function openBatchInput(
  flags: BatchFlags,
  config: Config,
  files: BatchFiles,
  warn: (text: string) => void,
): Promise<BatchInput> {
  const { file, delimiter = null, encoding = null, region = null, method = null, keep = [], send = [] } = flags;
  const columnNames = parseColumnNames(flags.map ?? []);
  const named = { columnNames, kept: keep, sent: send, hasMethod: method !== null };
  const source = files.openInput({ path: file, delimiter, encoding, ...named });
  const columns = await source.columns();
  const uses = new ColumnUses({ keep, send });
  checkColumns(columns, uses);
  const tasks = taskRules(config, warn);
  const progress = { emptyCount: 0, line: 0 };

  /** An input that can be read again stays as it is: once no id occurred twice, none will. */
  let hasDistinctIds = false;
  async function* records(): AsyncIterable<BatchItem | BadRow> {
    const ids = hasDistinctIds ? null : files.distinctTexts();
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
      if (record.type === 'row' && isEmpty(record.values)) progress.emptyCount += 1;
      else yield record.type === 'bad' ? record : parseRow(record, rules);
    }
    hasDistinctIds = repeatedCount === 0;
  }
  return { source, columns, columnNames, uses, plan: planOf(columns, uses), records, progress };
}
