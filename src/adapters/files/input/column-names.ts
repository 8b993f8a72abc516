import { knownNames } from '../../../domain/closest-name.ts';
import { UsageError } from '../../../domain/errors.ts';
import { foldedName, shownName, visibleName } from '../../../domain/written-name.ts';
import { meantName } from '../../../protocol/parameter-names.ts';

/** A task needs one of these columns. */
const needed = ['method', 'file', 'body', 'textcaptcha'] as const;
const maxShown = 8;
const maxShownLength = 40;

function shown(names: readonly string[]): string {
  const listed = names.slice(0, maxShown).map((name) => shownName(name.slice(0, maxShownLength)));
  return `${listed.join(', ')}${names.length > maxShown ? ', …' : ''}`;
}

/** The `--map` name of an input column, or its own name. */
export function mappedName(name: string, map: Readonly<Record<string, string>>): string {
  return (Object.hasOwn(map, name) ? map[name] : undefined) ?? name;
}

/** The first name that occurs a second time; null if all are unique. */
export function findDuplicate(names: readonly string[]): string | null {
  const met = new Set<string>();
  return names.find((name) => met.size === met.add(name).size) ?? null;
}

/** Limit of the columns of a record. */
export const maxColumns = 10_000;

/** Throws `UsageError` for a header with more columns than a record may have. */
export function checkColumnCount(count: number, line: number): void {
  if (count <= maxColumns) return;
  throw new UsageError(
    `line ${line}: the header has ${count} columns; the maximum is ${maxColumns}`,
    'check --delimiter, and that the first line names the columns',
  );
}

/** Throws `UsageError` if the input has none of the needed columns. */
export function checkNeededColumns(columns: readonly string[], line: number): void {
  const isThere = new Set(columns.map((column) => foldedName(visibleName(column))));
  if (needed.some((name) => isThere.has(name))) return;
  const written = columns.find((column) => meantName(column, needed) !== null) ?? null;
  const which = written === null ? 'COLUMN=method' : `${shownName(written)}=${meantName(written, needed)}`;
  throw new UsageError(
    `line ${line}: no "method", "file", "body" or "textcaptcha" column; found ${shown(columns)}`,
    `name the columns in the first line, rename one with --map ${which}, or set --method NAME for all rows`,
  );
}

function checkText(names: readonly string[], line: number): void {
  if (!names.some((name) => /[\0\uFFFD]/.test(name))) return;
  throw new UsageError(
    `line ${line}: the column names are not valid text in this encoding`,
    'save the file as UTF-8, or set its encoding: --encoding windows-1252',
  );
}

function checkMap(names: readonly string[], map: Readonly<Record<string, string>>): void {
  const unknown = Object.keys(map).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new UsageError(`--map: unknown column ${JSON.stringify(unknown)}`, `found ${shown(names)}`);
}

/** Throws `UsageError` if a flag names a column that does not exist. */
export function checkNamed(columns: readonly string[], flag: string, named: readonly string[]): void {
  const unknown = named.find((name) => !columns.includes(name));
  if (unknown === undefined) return;
  throw new UsageError(`${flag}: unknown column ${JSON.stringify(unknown)}`, knownNames(unknown, columns));
}

export interface HeaderOptions {
  /** From the input's column name to the name to use. */
  readonly columnNames: Readonly<Record<string, string>>;
  /** True if rows without a method get one anyway: then no column is required. */
  readonly hasMethod?: boolean;
}

/**
 * The columns of a CSV from its header: trimmed, and renamed by `columnNames`. Trailing columns without a name, as
 * spreadsheets write them, are dropped. Throws `UsageError` for an invalid header.
 */
export function columnsOfHeader(
  header: { readonly fields: readonly string[]; readonly line: number },
  { columnNames: map, hasMethod = false }: HeaderOptions,
): readonly string[] {
  const { fields, line } = header;
  const all = fields.map((field) => field.trim());
  const names = all.slice(0, all.findLastIndex((name) => name !== '') + 1);
  checkText(names, line);
  checkMap(names, map);
  const columns = names.map((name) => mappedName(name, map));
  // Checked first: a line of data is not a header, whatever else is wrong with it.
  if (!hasMethod) checkNeededColumns(columns, line);
  const empty = columns.indexOf('');
  if (empty !== -1)
    throw new UsageError(`line ${line}: column ${empty + 1} has no name`, 'name the column or remove it');
  const duplicate = findDuplicate(columns);
  if (duplicate === null) return columns;
  throw new UsageError(
    `line ${line}: duplicate column ${JSON.stringify(duplicate)}`,
    'rename one of them in the file; --map renames both',
  );
}
