import Table from 'cli-table3';
import { withoutControls } from './control-characters.ts';
import { displayWidth, padToWidth, wrapToWidth } from './display-width.ts';

type Row = readonly string[];

/** A text that a screen shows in a colour. */
export interface Painted {
  readonly text: string;
  readonly paint: (text: string) => string;
}

export type Cell = string | Painted;

/** How columns, by their names in the head, give way on a screen that is too narrow for all of them. */
export interface Narrowing {
  /** Those that may be left out, the least important first. Empty ones are left out before. */
  readonly spare?: readonly string[];
  /** Those whose words may be broken anywhere, such as URLs and JSON. Words of the others, such as ids, stay whole. */
  readonly breaks?: readonly string[];
  /** True on a screen with few lines, of which a box takes three. */
  readonly withoutBox?: boolean;
}

/** Rows beyond this make cli-table3 slow and no screen readable: plain text takes over. */
const maxTableRows = 200;
/** A text is not wrapped to less than this. */
const narrowestText = 12;
/** A longer word is broken, where it may be, rather than that columns are left out. */
const longestWhole = 40;
/** In a pipe a longer cell sticks out: one long value should not move the columns of all others away. */
const widestPlain = 60;
/** What stands around a column in a box, and between columns without one. */
const boxFrame = 3;
const gap = '  ';

const shown = (text: string): string => text.replaceAll('\u00a0', ' ');
const plainText = (cell: Cell): string => withoutControls(typeof cell === 'string' ? cell : cell.text);

function plain(rows: readonly Row[]): string {
  const widths = rows.reduce<readonly number[]>(
    (widest, row) => row.map((cell, column) => Math.max(displayWidth(cell), widest[column] ?? 0)),
    [],
  );
  return aligned(
    rows,
    widths.map((width) => Math.min(width, widestPlain)),
  );
}

function aligned(rows: readonly Row[], widths: readonly number[]): string {
  const line = (row: Row): string => row.map((cell, column) => padToWidth(cell, widths[column] ?? 0)).join(gap);
  return rows.map((row) => `${shown(line(row)).trimEnd()}\n`).join('');
}

interface Column {
  /** Its place in a row. */
  readonly at: number;
  readonly isEmpty: boolean;
  /** Null if it always stays, else its rank: the lowest is left out first. */
  readonly rank: number | null;
  /** The width of its widest cell. */
  readonly natural: number;
  /** The width to which it should be narrowed at most, and the one to which it can be if there is no other way. */
  readonly decent: number;
  readonly least: number;
}

/** Words end at blanks; scripts with wide characters are broken between any two. */
const longestIn = (cells: readonly string[], blank: RegExp): number =>
  Math.max(narrowestText, ...cells.flatMap((cell) => cell.split(blank).map((word) => word.length)));

function measured([head = [], ...rows]: readonly Row[], { spare = [], breaks = [] }: Narrowing): readonly Column[] {
  return head.map((name, at) => {
    const cells = [name, ...rows.map((row) => row[at] ?? '')];
    const natural = Math.max(...cells.map(displayWidth));
    const word = longestIn(cells, /[ \u1100-\uffff]/);
    const [decent, least] = breaks.includes(name)
      ? [Math.min(word, longestWhole), narrowestText]
      : [word, longestIn(cells, /[ \u00a0\u1100-\uffff]/)];
    const isEmpty = rows.length > 0 && rows.every((row) => ['', '-'].includes(row[at] ?? ''));
    const rank = spare.includes(name) ? spare.indexOf(name) : null;
    return { at, isEmpty, rank, natural, decent: Math.min(natural, decent), least: Math.min(natural, least) };
  });
}

/** The columns for which there is room, with their widths; null if too many cannot be left out. */
function fitted(all: readonly Column[], room: number, frame: number): ReadonlyMap<Column, number> | null {
  const totalOf = (widths: Iterable<number>): number => [...widths].reduce((sum, width) => sum + width + frame, 0);
  const isRoomFor = (columns: readonly Column[], width: 'natural' | 'decent' | 'least'): boolean =>
    totalOf(columns.map((column) => column[width])) <= room;
  if (isRoomFor(all, 'natural')) return new Map(all.map((column) => [column, column.natural]));
  let kept = all.filter(({ isEmpty }) => !isEmpty);
  const byRank = kept.filter(({ rank }) => rank !== null).sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  for (const spare of byRank) if (!isRoomFor(kept, 'decent')) kept = kept.filter((column) => column !== spare);
  const lowest = isRoomFor(kept, 'decent') ? 'decent' : 'least';
  if (!isRoomFor(kept, lowest)) return null;
  // The widest give way, all to the same width.
  const widths = new Map(kept.map((column) => [column, column.natural]));
  for (let most = Math.max(...widths.values()); totalOf(widths.values()) > room; most -= 1)
    for (const column of kept) widths.set(column, Math.max(column[lowest], Math.min(column.natural, most)));
  return widths;
}

/** The lines of a text, which is broken at its no-break spaces only where it must be. */
function linesOf(text: string, width: number): readonly string[] {
  const whole = wrapToWidth(text, width);
  const isBroken = text.split(' ').some((word) => displayWidth(word) > width);
  return isBroken ? wrapToWidth(shown(text), width) : whole.map(shown);
}

/** The lines of a cell, each in its colour. */
function painted(cell: Cell, width: number): string {
  const lines = linesOf(plainText(cell), width);
  return (typeof cell === 'string' ? lines : lines.map((line) => cell.paint(line))).join('\n');
}

function boxed(rows: readonly (readonly Cell[])[], fit: ReadonlyMap<Column, number>): string {
  const [head = [], ...body] = rows.map((row) => [...fit].map(([{ at }, width]) => painted(row[at] ?? '', width)));
  // Colours of its own would be printed into pipes and under NO_COLOR, too.
  const table = new Table({ head, style: { head: [], border: [], compact: true } });
  table.push(...body);
  return `${table.toString()}\n`;
}

/** The same without a box. */
function unboxed(rows: readonly Row[], fit: ReadonlyMap<Column, number>): string {
  const lines = rows.flatMap((row) => {
    const cells = [...fit].map(([{ at }, width]) => linesOf(row[at] ?? '', width));
    const height = Math.max(...cells.map(({ length }) => length));
    return Array.from({ length: height }, (_, line) => cells.map((cell) => cell[line] ?? ''));
  });
  return aligned(lines, [...fit.values()]);
}

/** A block for each row, a line for each cell that says something. */
function blocks([head = [], ...rows]: readonly Row[], columns: number): string {
  const names = head.map((name) => `${name}${gap}`);
  const nameWidth = Math.max(...names.map(displayWidth));
  const block = (row: Row): string =>
    row
      .flatMap((cell, at) => {
        const lines = cell === '' || cell === '-' ? [] : linesOf(cell, columns - nameWidth);
        return lines.map((line, index) => `${padToWidth(index === 0 ? (names[at] ?? '') : '', nameWidth)}${line}\n`);
      })
      .join('');
  return rows.map(block).join('\n');
}

/**
 * Rows as text: for a pipe (`columns` null) aligned and whole, for a screen in a box. On a narrow screen empty columns
 * are left out, then those that can be spared; texts are wrapped; then there is no box, and at last each row is a block
 * of lines. Nothing else is cut.
 */
export function renderTable(
  head: Row,
  rows: readonly (readonly Cell[])[],
  columns: number | null,
  narrowing: Narrowing = {},
): string {
  const texts = [head, ...rows.map((row) => row.map(plainText))];
  if (columns === null || rows.length > maxTableRows) return plain(texts);
  const all = measured(texts, narrowing);
  const inBox = narrowing.withoutBox === true ? null : fitted(all, columns - 1, boxFrame);
  if (inBox !== null) return boxed([head, ...rows], inBox);
  const withoutBox = fitted(all, columns + gap.length, gap.length);
  return withoutBox === null ? blocks(texts, columns) : unboxed(texts, withoutBox);
}
