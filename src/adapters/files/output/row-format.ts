type Values = Readonly<Record<string, string>>;

/** How rows become text. */
export interface RowFormat {
  /** What stands before the first row; empty for nothing. */
  readonly header: string;
  /** What the first row of a file without a header is known by. */
  readonly columns: readonly string[];
  readonly render: (values: Values) => string;
}

/** What a spreadsheet would run as a formula; a plain number it would not. */
const formula = /^[=+\-@\t\r]/;
const plainNumber = /^[+-]?\d+([.,]\d+)?$/;

function neutralised(text: string): string {
  return formula.test(text) && !plainNumber.test(text) ? `'${text}` : text;
}

const needsQuotes = /[",\r\n]/;

function quoted(text: string): string {
  return needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const lineOf = (cells: readonly string[]): string => `${cells.map(quoted).join(',')}\n`;

/**
 * CSV (RFC 4180, line feeds). In the columns `freeText` what a spreadsheet would take for a formula gets an apostrophe in
 * front (OWASP, *CSV Injection*); everywhere else, solutions above all, the text stays as it is.
 */
export function csvFormat(columns: readonly string[], freeText: ReadonlySet<string>): RowFormat {
  const cell = (values: Values, column: string): string => {
    const text = values[column] ?? '';
    return freeText.has(column) ? neutralised(text) : text;
  };
  return {
    header: lineOf(columns),
    columns,
    render: (values) => lineOf(columns.map((column) => cell(values, column))),
  };
}

/** JSON Lines, one object a row. Every row has `columns`. */
export function jsonlFormat(toObject: (values: Values) => object, columns: readonly string[] = []): RowFormat {
  return { header: '', columns, render: (values) => `${JSON.stringify(toObject(values))}\n` };
}

/** Whether the first line of a file of rows, CSV or JSON Lines, has these columns: what begins otherwise is another file. */
export function hasColumns(text: string, columns: readonly string[]): boolean {
  const [line = ''] = text.split('\n', 1);
  if (line.startsWith('{')) return columns.every((column) => line.includes(`${JSON.stringify(column)}:`));
  const cells = new Set(
    line.split(/[,;\t|]/).map((cell) =>
      cell
        .replace(/^\uFEFF/, '')
        .replaceAll('"', '')
        .trim(),
    ),
  );
  return columns.every((column) => cells.has(column));
}
