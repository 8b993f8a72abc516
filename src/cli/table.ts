import Table from 'cli-table3';
import { withoutControls } from './control-characters.ts';
import { displayWidth, padToWidth } from './display-width.ts';

type Row = readonly string[];

/** A text that a screen shows in a colour. */
export interface Painted {
  readonly text: string;
  readonly paint: (text: string) => string;
}

export type Cell = string | Painted;

/** Rows beyond this make cli-table3 slow and no screen readable: plain text takes over. */
const maxTableRows = 200;

/** A column is not narrowed beyond this, blanks on both sides included. */
const narrowestColumn = 8;

const plainText = (cell: Cell): string => withoutControls(typeof cell === 'string' ? cell : cell.text);
const painted = (cell: Cell): string =>
  typeof cell === 'string' ? withoutControls(cell) : cell.paint(withoutControls(cell.text));

function plain(rows: readonly Row[]): string {
  const widths = rows.reduce<readonly number[]>(
    (widest, row) => row.map((cell, column) => Math.max(displayWidth(cell), widest[column] ?? 0)),
    [],
  );
  const line = (row: Row): string =>
    row
      .map((cell, column) => padToWidth(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}

function boxed(head: Row, rows: readonly Row[], colWidths: readonly number[]): { text: string; widths: number[] } {
  // Colours of its own would be printed into pipes and under NO_COLOR, too.
  const table = new Table({
    head: [...head],
    colWidths: [...colWidths],
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows.map((row) => [...row]));
  const text = `${table.toString()}\n`;
  return { text, widths: table.options.colWidths.map((width) => width ?? 0) };
}

/** How wide a table is, lines included. */
const totalOf = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width + 1, 1);

/** Widths at which the table fits a screen of `columns`: the widest are cut to the same width, the others kept. */
function fitted(widths: readonly number[], columns: number): readonly number[] {
  const within = (most: number): readonly number[] => widths.map((width) => Math.min(width, most));
  let most = Math.max(columns, narrowestColumn);
  while (most > narrowestColumn && totalOf(within(most)) > columns) most -= 1;
  return within(most);
}

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

/** Without a box, no line longer than a narrow screen: no cell takes more than half of it. */
function narrow(rows: readonly Row[], columns: number): string {
  const half = Math.max(Math.floor(columns / 2), narrowestColumn);
  const lines = plain(rows.map((row) => row.map((cell) => cut(cell, half))))
    .trimEnd()
    .split('\n');
  return lines.map((line) => `${cut(line, columns)}\n`).join('');
}

/**
 * Rows as text: a boxed table for a screen of `columns`, or aligned plain text, cut where the screen is too narrow for the
 * box, whole for a pipe (`columns` null).
 */
export function renderTable(head: Row, rows: readonly (readonly Cell[])[], columns: number | null): string {
  const texts = [head, ...rows.map((row) => row.map(plainText))];
  if (columns === null || rows.length > maxTableRows) return plain(texts);
  const cells = rows.map((row) => row.map(painted));
  // The first drawing measures: only cli-table3 knows how wide it takes a character to be.
  const { widths } = boxed(head, cells, []);
  const fit = fitted(widths, columns);
  return totalOf(fit) > columns ? narrow(texts, columns) : boxed(head, cells, fit).text;
}
