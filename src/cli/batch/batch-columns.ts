/** The columns that a batch adds to those of its input, in their order. In an input they are carried, never sent. */
export const resultColumns = [
  'status',
  'solution',
  'reason',
  'code',
  'captcha_id',
  'region',
  'home_region',
  'attempts',
  'submitted_at',
  'solved_at',
  'expires_at',
  'duration_ms',
  'possibly_charged',
  'expired',
] as const;

export type ResultColumn = (typeof resultColumns)[number];

/** Columns that say what is to be solved. */
const taskColumns = ['task_id', 'method', 'sitekey', 'pageurl', 'page_action', 'file', 'body', 'region', 'priority'];

/** `schemaVersion` stands in JSON Lines that captcha wrote. */
const spoken = new Set<string>([...taskColumns, ...resultColumns, 'schemaVersion']);

/** The columns of an output: those of the input where they were, then what is new. */
export function outputColumns(inputColumns: readonly string[]): readonly string[] {
  const carried = inputColumns.filter((column) => column !== 'schemaVersion');
  return [...carried, ...resultColumns.filter((column) => !carried.includes(column))];
}

/** Whether a column is only carried through: nothing here reads it. */
export function isCarried(column: string, keep: ReadonlySet<string>): boolean {
  return !spoken.has(column) && (keep.has(column) || column.startsWith('_'));
}

/** The protocol parameter that a column stands for; null for one that is only carried through. */
export function parameterOf(column: string, keep: ReadonlySet<string>): string | null {
  if (spoken.has(column) || isCarried(column, keep)) return null;
  return column.startsWith('param.') ? column.slice('param.'.length) : column;
}
