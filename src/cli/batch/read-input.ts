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

/** Opens the input that the flags name; `warn` is told of what may be meant otherwise. Throws `UsageError` where it cannot be used at all. */
export async function openBatchInput(
  flags: BatchFlags,
  config: Config,
  files: BatchFiles,
  warn: (text: string) => void,
): Promise<BatchInput> {
  const { file, delimiter = null, encoding = null, region = null, keep: kept = [] } = flags;
  const columnNames = parseColumnNames(flags.map ?? []);
  const source = files.openInput({ path: file, delimiter, encoding, columnNames, kept });
  const columns = await source.columns();
  const keep = new Set(kept);
  const tasks = taskRules(config, warn);

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
    const rules = {
      tasks,
      region,
      keep,
      readImage: (path: string) => files.readImage(path, file),
      isNewId,
    };
    for await (const record of source.records()) yield record.type === 'bad' ? record : parseRow(record, rules);
    hasDistinctIds = repeatedCount === 0;
  }
  return { source, columns, columnNames, records };
}
