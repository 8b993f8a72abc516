import Table from 'cli-table3';

// eslint-disable-next-line no-control-regex -- exactly these must not reach a terminal
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Rows beyond this make cli-table3 slow and no screen readable: plain text takes over. */
const mostTableRows = 200;

const clean = (cell: string): string => cell.replace(controlCharacters, ' ');

function plain(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}

/** Rows as text: a boxed table for a screen of `columns`, aligned plain text (`columns` null) for a pipe. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[], columns: number | null): string {
  const cells = rows.map((row) => row.map(clean));
  if (columns === null || rows.length > mostTableRows) return plain([head, ...cells]);
  const longest = head.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)) + 2);
  const spare = columns - longest.reduce((sum, width) => sum + width + 1, 1);
  const widest = longest.indexOf(Math.max(...longest));
  const colWidths = spare >= 0 ? longest : longest.map((width, column) => (column === widest ? Math.max(8, width + spare) : width));
  // Colours of its own would be printed into pipes and under NO_COLOR, too.
  const table = new Table({ head: [...head], colWidths, style: { head: [], border: [] } });
  table.push(...cells);
  return `${table.toString()}\n`;
}
