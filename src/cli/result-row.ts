import type { BatchResult, PriorRun } from '../core/batch/batch-plan.ts';
import type { Accepted } from '../core/solve/attempt.ts';
import { apiLatencyMs, type Outcome, type Solution } from '../domain/outcome.ts';
import type { Task } from '../domain/task.ts';
import { singleUseInputs } from '../protocol/wire.ts';
import { formatMoment } from './format.ts';

/** Columns that rows of earlier versions lack. */
export const laterColumns = ['fields', 'message', 'api_latency_ms'] as const;

/** The columns of a result, in their order. In an input they are carried, never sent. */
export const resultColumns = [
  ...laterColumns,
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

type ResultColumn = (typeof resultColumns)[number];

/** What a batch adds: the line of the record in the input, then the result. */
export const batchColumns = ['line', ...resultColumns] as const;

/**
 * Under this name a row lists, as JSON, the columns of its input that hold no text in JSON. No cell of an input has such a name, and
 * a CSV, whose columns are named, does not show it.
 */
const literalsKey = '\u0000literals';

/** Without `Object.prototype`: a column may be called `__proto__`. */
const bareObject = Object.freeze(Object.create(null) as object);

/** What the result's columns tell. */
export type ReportedResult = Omit<BatchResult, 'item'> & { readonly homeRegion: string | null };

/** What belongs to a solution beyond its text, as compact JSON; empty if there is nothing. */
function fieldsText(fields: Solution['fields']): string {
  for (const name in fields) if (Object.hasOwn(fields, name)) return JSON.stringify(fields);
  return '';
}

/** The columns that only a solved task fills, and those that only a failed one does. */
function endValues(outcome: Outcome) {
  if (outcome.status === 'failed') {
    const { message, reason, code } = outcome;
    return { fields: '', message, solution: '', reason, code: code ?? '', solved_at: '', expires_at: '' };
  }
  const { solution, solvedAt, expiresAt } = outcome;
  return {
    fields: fieldsText(solution.fields),
    message: '',
    solution: solution.text,
    reason: '',
    code: '',
    solved_at: formatMoment(solvedAt) ?? '',
    expires_at: formatMoment(expiresAt) ?? '',
  };
}

/** The result's columns, as text. */
export function resultValues(result: ReportedResult): Record<ResultColumn, string> {
  const { outcome, attemptCount, possiblyCharged, expired, homeRegion } = result;
  const end = endValues(outcome);
  const latencyMs = apiLatencyMs(outcome.attempts);
  return {
    fields: end.fields,
    message: end.message,
    api_latency_ms: latencyMs === null ? '' : String(Math.round(latencyMs)),
    status: outcome.status,
    solution: end.solution,
    reason: end.reason,
    code: end.code,
    captcha_id: outcome.captchaId ?? '',
    region: outcome.region ?? '',
    home_region: homeRegion ?? '',
    attempts: String(attemptCount),
    submitted_at: formatMoment(outcome.submittedAt) ?? '',
    solved_at: end.solved_at,
    expires_at: end.expires_at,
    duration_ms: String(Math.round(outcome.durationMs)),
    possibly_charged: String(possiblyCharged),
    expired: String(expired),
  };
}

/** The output row of a finished task: the columns of its input, then the result's, reserved ones replaced in place. */
export function rowOfResult(result: BatchResult): Readonly<Record<string, string>> {
  const { item, outcome, attemptCount, possiblyCharged, expired } = result;
  const results = resultValues({ outcome, attemptCount, possiblyCharged, expired, homeRegion: item.task.region });
  const carried = item.values;
  // Assigning replaces in place and appends the rest: the order of `outputColumns`. A spread takes seven times as long.
  const row = Object.create(bareObject) as Record<string, string>;
  for (const column of Object.keys(carried)) if (column !== 'schemaVersion') row[column] = carried[column] ?? '';
  row['line'] = String(item.line);
  for (const column of resultColumns) row[column] = results[column];
  if (item.literals !== undefined) row[literalsKey] = JSON.stringify(item.literals);
  return row;
}

/** True if the solution of a row had expired before the row was first written. */
export function wasExpired(values: Readonly<Record<string, string>>): boolean {
  return values['expired'] === 'true';
}

/** A row as it is written at this time, in epoch ms: its solution may have expired since the row was made. */
export function rowWrittenAt(
  values: Readonly<Record<string, string>>,
  timestamp: number,
): Readonly<Record<string, string>> {
  const { expires_at: expiresAt = '' } = values;
  if (expiresAt === '' || wasExpired(values) || Date.parse(expiresAt) > timestamp) return values;
  return Object.assign(Object.create(bareObject) as Record<string, string>, values, { expired: 'true' });
}

/** The id in a failed row that may still be solved: it ran out of time, and the service had not given it up. */
function liveIdIn(values: Readonly<Record<string, string>>): Accepted | null {
  const { reason, captcha_id: captchaId = '', submitted_at: submitted = '' } = values;
  const submittedAt = Date.parse(submitted);
  return reason === 'deadline-exceeded' && captchaId !== '' && !Number.isNaN(submittedAt)
    ? { captchaId, submittedAt }
    : null;
}

/** The inputs, by name, that an accepted submission of a finished task has used up; none where its id may still be solved. */
export function usedUpInputs(task: Task, values: Readonly<Record<string, string>>): readonly string[] {
  const wasAccepted = (values['submitted_at'] ?? '') !== '' && liveIdIn(values) === null;
  return wasAccepted ? singleUseInputs(task) : [];
}

/** The history of a finished task as its row records it, for another attempt at the task. */
export function priorRunInRow(values: Readonly<Record<string, string>>): PriorRun {
  const liveId = liveIdIn(values);
  // Its id was submitted once, whatever became of the number.
  const attempts = Math.max(Number(values['attempts']) || 0, liveId === null ? 0 : 1);
  return { attempts, possiblyCharged: values['possibly_charged'] === 'true', liveId };
}

const numbers = new Set<string>(['line', 'api_latency_ms', 'attempts', 'duration_ms']);
const booleans = new Set<string>(['possibly_charged', 'expired']);
const results = new Set<string>(batchColumns);

/** The fields of a solution. An earlier version copied a column of this name from the input: its text stays as it is. */
function parsedFields(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function typed(column: string, text: string): unknown {
  if (!results.has(column)) return text;
  if (text === '') return null;
  if (column === 'fields') return parsedFields(text);
  if (numbers.has(column)) return Number(text);
  return booleans.has(column) ? text === 'true' : text;
}

/** The columns of a row and their values, as JSON. A column of the input whose value was no text there stays as it was written. */
function membersOf(values: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  const literals = new Set(JSON.parse(values[literalsKey] ?? '[]') as readonly string[]);
  return Object.entries(values).flatMap(([column, text]) => {
    if (column === literalsKey) return [];
    const isLiteral = literals.has(column) && !results.has(column);
    const written = isLiteral ? text || 'null' : JSON.stringify(typed(column, text));
    return [[column, written] as const];
  });
}

/** A row as a line of JSON Lines: the result's columns have their types, and null where they are empty. */
export function rowToJson(values: Readonly<Record<string, string>>): string {
  const isOld = 'status' in values && !('api_latency_ms' in values);
  const missing = isOld ? laterColumns.filter((column) => !(column in values)) : [];
  const members = [...membersOf(values), ...missing.map((column) => [column, 'null'] as const)];
  return `{"schemaVersion":1${members.map(([column, written]) => `,${JSON.stringify(column)}:${written}`).join('')}}`;
}
