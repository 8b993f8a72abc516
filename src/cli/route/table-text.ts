import { displayWidth, padToWidth } from '../output/display-width.ts';
import { renderConsidered, routeCells, routeHead } from '../output/route-view.ts';
import { renderTable } from '../output/table.ts';
import type { RouteRow, RouteText } from './route-row.ts';

/** So many rows are held back: they make a table on a screen, and tell how wide the columns of a longer one are. */
const heldRows = 200;
/** Columns as wide as this at least, where the rows to come are not known and those at hand are few. */
const narrowestColumn = 16;
/** A longer cell sticks out, since one long URL should not push the columns of all others off the screen. */
const widestColumn = 60;

interface Held {
  readonly cells: readonly string[];
  /** The rules that were considered, below the row. */
  readonly block: string;
}

function widthsOf(rows: readonly (readonly string[])[], least: number): readonly number[] {
  const widest = (column: number): number => Math.max(least, ...rows.map((row) => displayWidth(row[column] ?? '')));
  return (rows[0] ?? []).map((_, column) => Math.min(widest(column), widestColumn));
}

/**
 * Rows as a table: boxed on a screen as far as it has any use there; beyond, and where the input pauses, as aligned text that
 * never ends.
 */
export class TableText implements RouteText {
  /** Columns of the screen; null where there is none. */
  readonly #columns: number | null;
  #held: Held[] = [];
  #head: readonly string[] = [];
  /** Null as long as rows are held back. */
  #widths: readonly number[] | null = null;
  #hasBlocks = false;

  constructor(columns: number | null) {
    this.#columns = columns;
  }

  add(row: RouteRow): string {
    const { considered, decision, present } = row;
    const block = considered === null ? '' : renderConsidered(considered, decision.rule);
    const held = { cells: routeCells(row), block };
    if (this.#widths !== null) return this.#lines(held, this.#widths);
    this.#head = routeHead(present !== null);
    this.#hasBlocks ||= considered !== null;
    this.#held.push(held);
    return this.#held.length > heldRows ? this.#release() : '';
  }

  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  release(): string {
    return this.isHolding ? this.#release(narrowestColumn) : '';
  }

  end(): string {
    if (this.#widths !== null) return '';
    const isBoxed = this.#columns !== null && !this.#hasBlocks;
    const rows = this.#held.map(({ cells }) => cells);
    return isBoxed ? renderTable(this.#head, rows, this.#columns) : this.#release();
  }

  #release(least = 0): string {
    const widths = widthsOf([this.#head, ...this.#held.map(({ cells }) => cells)], least);
    this.#widths = widths;
    const text = [{ cells: this.#head, block: '' }, ...this.#held].map((held) => this.#lines(held, widths)).join('');
    this.#held = [];
    return text;
  }

  #lines({ cells, block }: Held, widths: readonly number[]): string {
    const padded = cells.map((cell, column) => padToWidth(cell, widths[column] ?? 0));
    return `${padded.join('  ').trimEnd()}\n${block}`;
  }
}
