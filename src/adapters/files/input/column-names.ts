import { knownNames } from '../../../domain/closest-name.ts';
import { UsageError } from '../../../domain/usage-error.ts';

/** One of them a task must have. */
const needed = ['method', 'file', 'body'] as const;
const mostShown = 8;
const longestShown = 40;

function shown(names: readonly string[]): string {
  const listed = names.slice(0, mostShown).map((name) => JSON.stringify(name.slice(0, longestShown)));
  return `${listed.join(', ')}${names.length > mostShown ? ', …' : ''}`;
}

/** The name that `--map` gives to a column of the input; its own where it gives none. */
export function mappedName(name: string, map: Readonly<Record<string, string>>): string {
  return (Object.hasOwn(map, name) ? map[name] : undefined) ?? name;
}

/** The first name that occurs before in the list; null where each occurs once. */
export function findDuplicate(names: readonly string[]): string | null {
  return names.find((name, index) => names.indexOf(name) !== index) ?? null;
}

/** Throws `UsageError` for columns with which no record can be a task. */
export function checkNeededColumns(columns: readonly string[], line: number): void {
  if (needed.some((name) => columns.includes(name))) return;
  const near = needed.map((name) => [columns.find((column) => column.trim().toLowerCase() === name), name] as const);
  const [written, name] = near.find(([column]) => column !== undefined) ?? ['COLUMN', 'method'];
  throw new UsageError(
    `line ${line}: none of the columns method, file and body is there, but ${shown(columns)}`,
    `name the columns in the first line, or say which is which: --map ${written}=${name}`,
  );
}

function checkText(names: readonly string[], line: number): void {
  if (!names.some((name) => /[\0\uFFFD]/.test(name))) return;
  throw new UsageError(
    `line ${line}: the names of the columns are not text in this encoding`,
    'save the file as UTF-8, or name its encoding: --encoding windows-1252',
  );
}

function checkMap(names: readonly string[], map: Readonly<Record<string, string>>): void {
  const unknown = Object.keys(map).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new UsageError(`--map: there is no column ${JSON.stringify(unknown)}`, `there are ${shown(names)}`);
}

/** Throws `UsageError` for a name of `--keep` that no column has. */
export function checkKept(columns: readonly string[], kept: readonly string[]): void {
  const unknown = kept.find((name) => !columns.includes(name));
  if (unknown === undefined) return;
  throw new UsageError(`--keep: there is no column ${JSON.stringify(unknown)}`, knownNames(unknown, columns));
}

/**
 * The columns of a CSV by its header, blanks around the names left out, and renamed by `map`. Throws `UsageError` for a
 * header that cannot be one.
 */
export function columnsOfHeader(
  header: { readonly fields: readonly string[]; readonly line: number },
  map: Readonly<Record<string, string>>,
): readonly string[] {
  const { fields, line } = header;
  const names = fields.map((field) => field.trim());
  checkText(names, line);
  checkMap(names, map);
  const columns = names.map((name) => mappedName(name, map));
  // First of all: a line of data is no header, whatever else is wrong with it.
  checkNeededColumns(columns, line);
  const empty = columns.indexOf('');
  if (empty !== -1) throw new UsageError(`line ${line}: column ${empty + 1} has no name`, 'name it, or remove it');
  const duplicate = findDuplicate(columns);
  if (duplicate === null) return columns;
  throw new UsageError(
    `line ${line}: there are two columns ${JSON.stringify(duplicate)}`,
    'rename one of them in the file; --map renames both',
  );
}
