import { wireTextOf } from '../domain/flat-object.ts';
import { foldedName, hasInvisible, shownName } from '../domain/written-name.ts';
import type { Result } from '../domain/result.ts';
import type { RowError } from '../ports/files.ts';
import { documentedParameters } from '../protocol/methods.ts';
import { isForeignProxy, meantName } from '../protocol/parameter-names.ts';
import { reservedParameters } from '../protocol/wire.ts';
import { batchColumns, laterColumns } from './result-row.ts';

/** Columns that say what is to be solved. */
const sentColumns = ['method', 'sitekey', 'pageurl', 'page_action', 'file', 'body'] as const;
/** Columns that are read here and not sent. */
const readColumns = ['task_id', 'region', 'priority'] as const;

export type TaskColumn = (typeof sentColumns)[number] | (typeof readColumns)[number];

const taskColumns: readonly TaskColumn[] = [...sentColumns, ...readColumns];
const isRead = new Set<string>(readColumns);

/** Replaced in place by the result; `schemaVersion` stands in JSON Lines that captcha wrote. */
const replaced = new Set<string>([...batchColumns, 'schemaVersion'].filter((name) => name !== 'region'));

/** Parameters that the client sets itself. `id` and `ids` are not parameters of submissions. */
const setHere = [...reservedParameters].filter((name) => name !== 'method' && !name.startsWith('id'));
const parameters = [...documentedParameters()].filter((name) => !replaced.has(name));

/** Our names by their spelling without capitals, blanks, `_` and `-`; the first of equals counts. */
const columnsByFoldedName: ReadonlyMap<string, string> = new Map(
  [...setHere, ...parameters.toReversed(), ...taskColumns].map((name) => [foldedName(name), name]),
);
const exactly = new Set<string>([...taskColumns, ...parameters]);

/** What becomes of a column of the input. */
export type ColumnUse =
  | { readonly do: 'task'; readonly name: TaskColumn }
  | { readonly do: 'parameter'; readonly name: string }
  /** The cell is the path of an image that is sent as the parameter. */
  | { readonly do: 'image'; readonly name: string }
  | { readonly do: 'carry' }
  | { readonly do: 'refuse'; readonly reason: string; readonly fix: string };

/** Why a column cannot be used. */
interface ColumnError extends Omit<RowError, 'line'> {
  readonly column: string;
}

/** A record by what its columns mean: values are trimmed, empty ones are left out. */
export interface RowContent {
  readonly task: Readonly<Partial<Record<TaskColumn, string>>>;
  readonly params: Readonly<Record<string, string>>;
  /** The paths of images by the parameter that they are sent as. */
  readonly images: Readonly<Record<string, string>>;
}

/** What the flags say about columns, by column name. */
export interface ColumnChoices {
  /** Carried through and never sent, whatever its name. */
  readonly keep: readonly string[];
  /** Sent as a parameter of its own name. */
  readonly send: readonly string[];
}

/** Maximum number of distinct names that are remembered. */
const maxColumns = 10_000;

const carry: ColumnUse = { do: 'carry' };

const refused = (reason: string, fix: string): ColumnUse => ({ do: 'refuse', reason, fix });

const keepFix = (column: string): string => `or copy it to the output with --keep ${shownName(column)}.`;

function parameterUse(name: string, column: string): ColumnUse {
  if (name === '') return refused('the name of the parameter is missing', 'Write it after the dot: param.NAME.');
  if (!reservedParameters.has(name)) return { do: 'parameter', name };
  const fix =
    name === 'action' ? "The page's own action belongs in the column page_action: rename it," : 'Rename the column,';
  return refused(`the parameter ${name} is set by captcha itself`, `${fix} ${keepFix(column)}`);
}

function imageUse(name: string, column: string): ColumnUse {
  if (name === '') return refused('the name of the parameter is missing', 'Write it after the dot: file.NAME.');
  const use = parameterUse(name, column);
  return use.do === 'parameter' ? { do: 'image', name } : use;
}

/** Of a column that is to be sent under its own name. */
function sentUse(column: string): ColumnUse {
  if (!replaced.has(column)) return parameterUse(column, column);
  return refused('an output column has this name', `Write --map ${column}=param.${column} instead of --send.`);
}

function useByName(column: string): ColumnUse {
  if (replaced.has(column)) return carry;
  if (/^param\./i.test(column)) return parameterUse(column.slice('param.'.length), column);
  if (/^file\./i.test(column)) return imageUse(column.slice('file.'.length), column);
  const name = exactly.has(column) ? column : columnsByFoldedName.get(foldedName(column));
  if (name !== undefined) {
    const task = taskColumns.find((each) => each === name);
    return task === undefined ? parameterUse(name, column) : { do: 'task', name: task };
  }
  if (!isForeignProxy(column)) return carry;
  return refused(
    'proxies use other columns here; without the proxy the task would be solved from another address',
    `Write the columns proxy (user:password@host:port) and proxytype, ${keepFix(column)}`,
  );
}

/** What is decided about the columns of a batch's input, by their names. */
export class ColumnUses {
  readonly #keep: ReadonlySet<string>;
  readonly #send: ReadonlySet<string>;
  readonly #uses = new Map<string, ColumnUse>();
  /** Written otherwise than the result's `region`, which takes their place. */
  readonly #regions = new Set<string>();
  /** Called once for every further column. `isUnknown`: no flag names it, and it is only copied. */
  onLater: ((column: string, isUnknown: boolean) => void) | null = null;

  constructor({ keep, send }: ColumnChoices) {
    this.#keep = new Set(keep);
    this.#send = new Set(send);
  }

  of(column: string): ColumnUse {
    const known = this.#uses.get(column);
    if (known !== undefined) return known;
    const use = this.#decide(column);
    if (use.do === 'task' && use.name === 'region' && column !== 'region') this.#regions.add(column);
    // Where every record has names of its own, later ones are decided every time, and told of no more.
    if (this.#uses.size < maxColumns) {
      this.#uses.set(column, use);
      const isUnknown = use.do === 'carry' && !replaced.has(column) && !column.startsWith('_');
      if (!replaced.has(column)) this.onLater?.(column, isUnknown && !this.isChosen(column));
    }
    return use;
  }

  /** The name of a column in the output: an output with `Region` and `region` could not be fed in again. */
  outputName(column: string): string {
    const use = this.of(column);
    return use.do === 'task' && use.name === 'region' ? 'region' : column;
  }

  /** The values of a record under the names of the output. */
  outputValues(values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    if (this.#regions.size === 0) return values;
    return Object.fromEntries(Object.entries(values).map(([column, value]) => [this.outputName(column), value]));
  }

  /** The record with this id in its column for `task_id`; unchanged if it has none. */
  withId(values: Readonly<Record<string, string>>, id: string): Readonly<Record<string, string>> {
    const idColumn = Object.keys(values).find((column) => {
      const use = this.of(column);
      return use.do === 'task' && use.name === 'task_id';
    });
    return idColumn === undefined ? values : { ...values, [idColumn]: id };
  }

  /** Whether a flag decides what happens to the column. */
  isChosen(column: string): boolean {
    return this.#keep.has(column) || this.#send.has(column);
  }

  /** The content of a record; `literals` are the columns that hold no text in JSON, such as a boolean. */
  read(values: Readonly<Record<string, string>>, literals?: readonly string[]): Result<RowContent, ColumnError> {
    const task: Partial<Record<TaskColumn, string>> = {};
    const params: [string, string][] = [];
    const images: Record<string, string> = {};
    for (const column of Object.keys(values)) {
      const value = (values[column] ?? '').trim();
      const use = value === '' ? carry : this.of(column);
      if (use.do === 'carry') continue;
      if (use.do === 'refuse') return { error: { column, reason: use.reason, fix: use.fix } };
      const isTwice =
        use.do === 'task'
          ? use.name in task
          : Object.hasOwn(images, use.name) || params.some(([name]) => name === use.name);
      if (isTwice) return { error: twice(column, use.name) };
      if (use.do === 'task') task[use.name] = value;
      else if (use.do === 'image') images[use.name] = value;
      else params.push([use.name, literals?.includes(column) === true ? wireTextOf(value) : value]);
    }
    return { value: { task, params: Object.fromEntries(params), images } };
  }

  /** What is wrong with a header. */
  check(columns: readonly string[]): readonly ColumnError[] {
    const met = new Map<string, string>();
    return columns.flatMap((column) => {
      const use = this.of(column);
      if (use.do === 'carry') return [];
      if (use.do === 'refuse') return [{ column, reason: use.reason, fix: use.fix }];
      const meaning = `${use.do === 'task' ? 'task' : 'parameter'} ${use.name}`;
      const before = met.get(meaning);
      met.set(meaning, column);
      if (before === undefined) return [];
      // The one that is not called as we call it is the one to be given up.
      return [column === use.name ? twice(before, use.name, column) : twice(column, use.name, before)];
    });
  }

  #decide(column: string): ColumnUse {
    if (this.#keep.has(column) || column.startsWith('_')) return carry;
    if (this.#send.has(column) && !isTaskColumn(column)) return sentUse(column);
    if (!hasInvisible(column)) return useByName(column);
    return refused('its name contains an invisible character', 'Remove it from the name.');
  }
}

function twice(column: string, name: string, before?: string): ColumnError {
  const other = before === undefined ? 'another column' : `the column ${shownName(before)}`;
  return { column, reason: `${other} is also read as ${name}`, fix: `Keep one of the two, ${keepFix(column)}` };
}

/** Columns that every batch output has. */
export const outputMarks = ['status', 'solution', 'captcha_id'] as const;

/** The columns of an input by what becomes of them, as written, and under which name. */
export interface ColumnPlan {
  readonly sent: Readonly<Record<string, string>>;
  /** Read here, not sent. */
  readonly read: Readonly<Record<string, string>>;
  /** Neither read nor sent, and copied to the output. */
  readonly carried: readonly string[];
  /** Whose values the result replaces, although earlier versions copied them; empty for an output of this program. */
  readonly replaced: readonly string[];
}

export function planColumns(columns: readonly string[], uses: ColumnUses): ColumnPlan {
  const sent: [string, string][] = [];
  const read: [string, string][] = [];
  const carried: string[] = [];
  const lost: string[] = [];
  for (const column of columns) {
    const use = uses.of(column);
    if (use.do !== 'carry' && use.do !== 'refuse') {
      (use.do === 'task' && isRead.has(use.name) ? read : sent).push([column, use.name]);
    } else (replaced.has(column) ? lost : carried).push(column);
  }
  const isOutput = outputMarks.every((column) => columns.includes(column));
  const once = isOutput ? [] : laterColumns.filter((column) => lost.includes(column));
  return { sent: Object.fromEntries(sent), read: Object.fromEntries(read), carried, replaced: once };
}

/** Whether a column says what is to be solved, under the name that it has here. */
export function isTaskColumn(column: string): boolean {
  return taskColumns.some((name) => name === column);
}

/** Whether nothing needs to be said of the columns: each says what is to be solved, under the name that it has here. */
export function isPlain({ sent, read, carried, replaced: lost }: ColumnPlan): boolean {
  return (
    carried.length === 0 &&
    lost.length === 0 &&
    [...Object.entries(sent), ...Object.entries(read)].every(
      ([column, name]) => column === name && isTaskColumn(column),
    )
  );
}

/** Which of our names a carried column was most likely meant for; null where none is near or the input has it already. */
export function suggestColumn(column: string, { sent, read }: Pick<ColumnPlan, 'sent' | 'read'>): string | null {
  const meant = meantName(column, [...exactly]);
  const taken = [...Object.values(sent), ...Object.values(read)];
  return meant === null || taken.includes(meant) ? null : meant;
}

/** The columns of an output: those of the input where they were, then what is new. */
export function outputColumns(inputColumns: readonly string[], uses: ColumnUses): readonly string[] {
  const carried = inputColumns.filter((column) => column !== 'schemaVersion').map((column) => uses.outputName(column));
  return [...carried, ...batchColumns.filter((column) => !carried.includes(column))];
}
