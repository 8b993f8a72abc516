import { resultColumns } from './batch-columns.ts';

const numbers = new Set<string>(['attempts', 'duration_ms']);
const truths = new Set<string>(['possibly_charged', 'expired']);
const results = new Set<string>(resultColumns);

function typed(column: string, text: string): unknown {
  if (!results.has(column)) return text;
  if (text === '') return null;
  if (numbers.has(column)) return Number(text);
  return truths.has(column) ? text === 'true' : text;
}

/** A row as an object for JSON Lines: the result's columns have their types, and null where they are empty. */
export function typedRow(values: Readonly<Record<string, string>>): object {
  const entries = Object.entries(values).map(([column, text]) => [column, typed(column, text)]);
  return { schemaVersion: 1, ...(Object.fromEntries(entries) as object) };
}
