import type { Config } from '../../config/schema.ts';
import type { BatchItem } from '../../core/batch/batch-item.ts';
import type { BadRow, TaskSource } from '../../ports/task-source.ts';
import { taskRules } from '../solve/checked-task.ts';
import type { BatchFiles } from './batch-files.ts';
import { type BatchFlags, parseColumnNames } from './batch-flags.ts';
import { parseRow } from './parse-row.ts';

/** The input of a batch, record by record, as tasks. */
export interface BatchInput {
  readonly source: TaskSource;
  readonly columns: readonly string[];
  readonly columnNames: Readonly<Record<string, string>>;
  /** Every record: a task, or why it cannot be one. */
  records(): AsyncIterable<BatchItem | BadRow>;
}

/** Opens the input that the flags name. Throws `UsageError` where it cannot be used at all. */
export async function openBatchInput(flags: BatchFlags, config: Config, files: BatchFiles): Promise<BatchInput> {
  const { file, delimiter = null, encoding = null, region = null } = flags;
  const columnNames = parseColumnNames(flags.map ?? []);
  const source = files.openInput({ path: file, delimiter, encoding, columnNames });
  const columns = await source.columns();
  const keep = new Set(flags.keep ?? []);
  const tasks = taskRules(config);

  async function* records(): AsyncIterable<BatchItem | BadRow> {
    const ids = files.distinctTexts();
    const rules = {
      tasks,
      region,
      keep,
      readImage: (path: string) => files.readImage(path, file),
      isNewId: (id: string) => ids.addIfNew(id),
    };
    for await (const record of source.records()) yield record.type === 'bad' ? record : await parseRow(record, rules);
  }
  return { source, columns, columnNames, records };
}
