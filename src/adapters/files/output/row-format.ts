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

const needsQuotes = /[",\r\n]/;

function quoted(text: string): string {
  return needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const lineOf = (cells: readonly string[]): string => `${cells.map(quoted).join(',')}\n`;

/**
 * CSV (RFC 4180, line feeds). In the `freeText` columns, cells that a spreadsheet would run as a formula get a leading
 * apostrophe (OWASP, *CSV Injection*). All other cells, above all solutions, are unchanged.
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

/** JSON Lines, one object per row. Every row has `columns`. */
export function jsonlFormat(toObject: (values: Values) => object, columns: readonly string[] = []): RowFormat {
  return { header: '', columns, render: (values) => `${JSON.stringify(toObject(values))}\n` };
}

/** True if the first line of a CSV or JSON Lines file has these columns. */
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
