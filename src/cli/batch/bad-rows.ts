import type { BadRow } from '../../ports/task-source.ts';
import type { Terminal } from '../output/terminal.ts';
import type { BatchFiles, OpenOutput } from './batch-files.ts';

const columns = ['line', 'row', 'column', 'reason', 'fix'];

/** Where records go that cannot be tasks. */
export interface BadRows {
  report(bad: BadRow): Promise<void>;
  close(): Promise<void>;
}

async function toFile(path: string, files: BatchFiles): Promise<BadRows> {
  const format = /\.(jsonl|ndjson)$/i.test(path) ? 'jsonl' : 'csv';
  const rules = { journal: null, replaces: columns };
  const output: OpenOutput = await files.openOutput({ path, format, columns }, rules);
  await output.publish();
  return {
    report: ({ line, row, column, reason, fix }) =>
      output.write({ line: String(line), row: String(row), column: column ?? '', reason, fix }),
    close: () => output.close(),
  };
}

/** Says on stderr, or in the file of `--errors`, which records cannot be tasks, and why. */
export async function openBadRows(path: string | undefined, files: BatchFiles, terminal: Terminal): Promise<BadRows> {
  if (path !== undefined) return toFile(path, files);
  return {
    report: async ({ line, column, reason, fix }) =>
      terminal.error(`line ${line}${column === null ? '' : `, ${column}`}: ${reason}. ${fix}`),
    close: async () => undefined,
  };
}
