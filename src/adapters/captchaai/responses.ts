import type { Result } from '../../domain/result.ts';
import type { PollAnswer, SolvedAtOnce, Threads } from '../../ports/api.ts';
import { type Answer, idIn, parseJson, solutionOf } from '../../protocol/answer.ts';

/** An answer without an error. */
export type Success = Extract<Answer, { type: 'ok' | 'bare' | 'not-ready' }>;

/** The parsed value, or the name of what the answer lacks. */
export type Parsed<T> = Result<T, string>;

/** What an answer lacks that says solved and holds nothing. */
export const anySolution = 'any solution';

const idShape = /^[^\s\p{Cc}\p{Cf}\p{Cs}]{1,200}$/u;
const decimal = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/**
 * The id in a submission's answer: an opaque string, or a number with all its digits, beyond the precision of a double.
 */
export function parseSubmitResponse(answer: Success): Parsed<string> {
  const payload = answer.type === 'ok' ? answer.payload : null;
  const id = Number.isSafeInteger(payload) ? String(payload) : payload;
  return typeof id === 'string' && idShape.test(id) ? { value: id } : { error: 'a usable id' };
}

/** The solution in the answer of `/solve.php`, or the id to poll if there is none in time. */
export function parseSolveResponse(answer: Success): Parsed<string | SolvedAtOnce> {
  const fields = answer.type === 'ok' ? answer.fields : {};
  const id = answer.type === 'not-ready' ? (answer.id ?? null) : idIn(fields);
  const captchaId = id !== null && idShape.test(id) ? id : null;
  // Without a payload of its own an answer has the fields as payload.
  const payload = answer.type === 'ok' && answer.payload !== fields ? answer.payload : null;
  const solution = typeof payload === 'object' && !Array.isArray(payload) ? null : solutionOf(payload, fields);
  if (solution !== null) return { value: { captchaId, solution } };
  return captchaId === null ? { error: 'a usable solution or id' } : { value: captchaId };
}

/** The result of a poll. Bare text is not a solution: a health page that says `OK` would be one. */
export function parsePollResponse(answer: Success): Parsed<PollAnswer> {
  if (answer.type === 'not-ready') return { value: { ready: false } };
  const solution = answer.type === 'ok' ? solutionOf(answer.payload, answer.fields) : null;
  if (solution !== null) return { value: { ready: true, solution } };
  return { error: answer.type === 'ok' ? anySolution : 'a usable solution' };
}

function numberIn(value: unknown): number | null {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && decimal.test(text.trim()) ? Number(text) : null;
}

/** The balance, as a number or numeric text, with or without an envelope. */
export function parseBalance(answer: Success): Parsed<number> {
  const value = answer.type === 'bare' ? answer.text : answer.type === 'ok' ? answer.payload : null;
  const balance = numberIn(value);
  return balance === null ? { error: 'a balance' } : { value: balance };
}

function recordIn(payload: unknown): Readonly<Record<string, unknown>> {
  const value = typeof payload === 'string' ? parseJson(payload) : payload;
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** The threads, next to the envelope or inside it, as an object or a JSON string. */
export function parseThreads(answer: Success): Parsed<Threads> {
  const { payload, fields } = answer.type === 'ok' ? answer : { payload: null, fields: {} };
  const found: Readonly<Record<string, unknown>> = { ...recordIn(payload), ...fields };
  const [threads, workingThreads] = ['threads', 'working_threads'].map((name) => {
    const count = Object.hasOwn(found, name) ? numberIn(found[name]) : null;
    return count !== null && Number.isSafeInteger(count) && count >= 0 ? count : null;
  });
  if (typeof threads !== 'number') return { error: 'a usable number named threads' };
  if (typeof workingThreads !== 'number') return { error: 'a usable number named working_threads' };
  return { value: { threads, workingThreads } };
}

/** Every successful answer confirms a report. */
export function parseReportResponse(answer: Success): Parsed<null> {
  return answer.type === 'not-ready' ? { error: 'a receipt' } : { value: null };
}
