import type { CsvLayout } from '../../../ports/files.ts';

type Values = Readonly<Record<string, string>>;

/** Renders rows as text. */
export interface RowFormat {
  /** Text before the first row; may be empty. */
  readonly header: string;
  /** The columns that identify a file without a header. */
  readonly columns: readonly string[];
  readonly render: (values: Values) => string;
}

/** Cells that a spreadsheet would run as a formula, except plain numbers. */
const formula = /^[=+\-@\t\r]/;
const plainNumber = /^[+-]?\d+([.,]\d+)?$/;

function neutralised(text: string): string {
  return formula.test(text) && !plainNumber.test(text) ? `'${text}` : text;
}

/** RFC 4180 with line feeds. */
const plainLayout: CsvLayout = { delimiter: ',', hasMark: false, lineEnd: '\n' };

/** Renders one line of cells. */
function lineRenderer({ delimiter, lineEnd }: CsvLayout): (cells: readonly string[]) => string {
  const needsQuotes = new RegExp(`["\\r\\n\\u{${delimiter.codePointAt(0)?.toString(16) ?? '2c'}}]`, 'u');
  const quoted = (text: string): string => (needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return (cells) => cells.map(quoted).join(delimiter) + lineEnd;
}

/**
 * CSV in this layout. In the `freeText` columns, cells that a spreadsheet would run as a formula get a leading
 * apostrophe (OWASP, *CSV Injection*). All other cells, above all solutions, are unchanged.
 */
export function csvFormat(
  columns: readonly string[],
  freeText: ReadonlySet<string>,
  layout: CsvLayout = plainLayout,
): RowFormat {
  const lineOf = lineRenderer(layout);
  const cell = (values: Values, column: string): string => {
    const text = values[column] ?? '';
    return freeText.has(column) ? neutralised(text) : text;
  };
  return {
    header: `${layout.hasMark ? '\uFEFF' : ''}${lineOf(columns)}`,
    columns,
    render: (values) => lineOf(columns.map((column) => cell(values, column))),
  };
}

/** JSON Lines, one object per row. Every row has `columns`. */
export function jsonlFormat(toJson: (values: Values) => string, columns: readonly string[] = []): RowFormat {
  return { header: '', columns, render: (values) => `${toJson(values)}\n` };
}

/** True if the first line of a CSV or JSON Lines file has these columns. */
export function hasColumns(text: string, columns: readonly string[]): boolean {
  const [line = ''] = text.split('\n', 1);
  if (line.startsWith('{')) return columns.every((column) => line.includes(`${JSON.stringify(column)}:`));
  const cells = new Set(
    line.split(/[^\p{L}\p{N}_."\uFEFF -]/u).map((cell) =>
      cell
        .replace(/^\uFEFF/, '')
        .replaceAll('"', '')
        .trim(),
    ),
  );
  return columns.every((column) => cells.has(column));
}
