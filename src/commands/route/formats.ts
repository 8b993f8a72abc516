import { jsonText, jsonValue, withoutControls } from '../../cli/control-characters.ts';
import { displayWidth, padToWidth } from '../../cli/display-width.ts';
import { renderTable } from '../../cli/table.ts';
import type { RouteDecision } from '../../core/routing/route-decision.ts';
import type { RouteRow, RouteText } from './route-row.ts';
import type { CsvText, RouteFiles } from './url-input.ts';
import { renderConsidered, routeCells, routeHead } from './view.ts';

/** The part of a text whose rows are written as they come. */
const unbuffered: Pick<RouteText, 'hasBuffered' | 'release'> = { hasBuffered: false, release: () => '' };

const columns = ['url', 'host', 'region', 'rule', 'reason', 'queue', 'error'];

const cell = (text: string | null): string => (text === null ? '' : withoutControls(text));

function valuesOf({ url, decision, queue, present, considered }: RouteRow): Readonly<Record<string, string>> {
  const { host, region, rule, reason, error } = decision;
  return {
    ...{ url: cell(url), host: cell(host), region: cell(region), rule: cell(rule), reason: cell(reason) },
    ...{ queue: cell(queue), error: cell(error), assigned: cell(region), effective: cell(present?.effective ?? null) },
    considered: cell(considered === null ? null : JSON.stringify(considered)),
  };
}

/** A header and one record for each URL; control characters, which no URL needs, are blanks. */
export function csvRows(
  files: RouteFiles,
  extra: { readonly present: boolean; readonly considered: boolean },
): RouteText {
  const present = extra.present ? ['assigned', 'effective'] : [];
  const csv: CsvText = files.csv([...columns, ...present, ...(extra.considered ? ['considered'] : [])]);
  let { header } = csv;
  return {
    ...unbuffered,
    add: (row) => {
      const text = `${header}${csv.render(valuesOf(row))}`;
      header = '';
      return text;
    },
    end: () => '',
  };
}

const textOrNull = (text: string | null): string => (text === null ? 'null' : jsonText(text));

function decisionText({ region, rule, reason, error }: RouteDecision, queue: string | null): string {
  const [regionText, ruleText, queueText] = [textOrNull(region), textOrNull(rule), textOrNull(queue)];
  const end = `"queue":${queueText},"error":${textOrNull(error)}`;
  return `"region":${regionText},"rule":${ruleText},"reason":${jsonText(reason)},${end}`;
}

interface Remembered {
  readonly reason: string;
  readonly region: string | null;
  readonly text: string;
}

/**
 * Rows as JSON, put together by hand: the pages that one rule decides share most of their text, and `JSON.stringify` of
 * it costs as much as routing. There are as many texts to remember as there are rules.
 */
class RowsAsJson {
  readonly #remembered = new Map<string | null, Remembered>();

  /** The members of a row's object, without its braces. */
  members({ url, decision, queue, present, considered }: RouteRow): string {
    let text = `"url":${jsonText(url)},"host":${textOrNull(decision.host)},${this.#decision(decision, queue)}`;
    if (present !== null) {
      text += `,"assigned":${textOrNull(decision.region)},"effective":${textOrNull(present.effective)}`;
    }
    return considered === null ? text : `${text},"considered":${jsonValue(considered)}`;
  }

  #decision(decision: RouteDecision, queue: string | null): string {
    const { rule, reason, region } = decision;
    if (decision.error !== null) return decisionText(decision, queue);
    const known = this.#remembered.get(rule);
    if (known?.reason === reason && known.region === region) return known.text;
    const text = decisionText(decision, queue);
    this.#remembered.set(rule, { reason, region, text });
    return text;
  }
}

/** One object a line. */
export function jsonLines(): RouteText {
  const rows = new RowsAsJson();
  return { add: (row) => `{"schemaVersion":1,${rows.members(row)}}\n`, ...unbuffered, end: () => '' };
}

/** One document, whose rows can be read as they come. */
export function jsonDocument(): RouteText {
  const rows = new RowsAsJson();
  // A reader of lines gets whole rows: the separator is written before the next row.
  let start = '{"schemaVersion":1,"routes":[\n';
  return {
    ...unbuffered,
    add: (row) => {
      const text = `${start}{${rows.members(row)}}\n`;
      start = ',';
      return text;
    },
    end: () => ']}\n',
  };
}

/** Rows that are held back: they become a table on a screen, or set the column widths of a longer output. */
const heldRows = 200;
/** Columns as wide as this at least, where the rows to come are not known and those at hand are few. */
const narrowestColumn = 16;
/** A longer cell sticks out, since one long URL should not push the columns of all others off the screen. */
const widestColumn = 60;

/** The host is in the URL. */
const narrowing = { spare: ['host', 'queue'], breaks: ['URL', 'queue'] };

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

  get hasBuffered(): boolean {
    return this.#held.length > 0;
  }

  release(): string {
    return this.hasBuffered ? this.#release(narrowestColumn) : '';
  }

  end(): string {
    if (this.#widths !== null) return '';
    const isBoxed = this.#columns !== null && !this.#hasBlocks;
    const rows = this.#held.map(({ cells }) => cells);
    return isBoxed ? renderTable(this.#head, rows, this.#columns, narrowing) : this.#release();
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
