import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One line of a text table with its heading. */
export interface TableRow {
  readonly heading: string;
  readonly cells: readonly string[];
}

const unescaped = (cell: string): string => JSON.parse(`"${cell.replaceAll('"', '\\"')}"`) as string;

/**
 * The rows of a table next to the routing tests: columns separated by two blanks, `## ` before headings, `# ` before
 * remarks.
 */
export function readTable(name: string): readonly TableRow[] {
  const rows: TableRow[] = [];
  let heading = '';
  for (const line of readFileSync(join(import.meta.dirname, '..', name), 'utf8').split('\n')) {
    if (line.startsWith('## ')) heading = line.slice(3);
    else if (line !== '' && !/^#( |$)/.test(line)) rows.push({ heading, cells: line.split(/ {2,}/).map(unescaped) });
  }
  return rows;
}
