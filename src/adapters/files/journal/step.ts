import type { FinishedTask } from '../../../ports/files.ts';
import { sealed } from '../../state/sealed-line.ts';

const pattern = /^[0-9a-f]{32}$/;

/** Throws `RangeError` for an invalid key: a bug, which must not reach the disk. */
export function assertKey(key: string): void {
  if (!pattern.test(key)) throw new RangeError(`a task's key is 32 hex digits, not ${JSON.stringify(key)}`);
}

/** One state change of a task, without the row of a finished task. */
export type Step =
  | { readonly type: 'intent'; readonly key: string; readonly attempt: number; readonly wasInDoubt: boolean }
  | { readonly type: 'submitted'; readonly key: string; readonly captchaId: string; readonly submittedAt: number }
  | { readonly type: 'refused' | 'queued'; readonly key: string }
  | { readonly type: 'solved' | 'failed'; readonly key: string; readonly expiresAt: number | null };

type Values = FinishedTask['values'];

/** Written out for speed: `JSON.stringify` is used only where text may need escaping. */
function membersOf(step: Step, row: Values | null): string {
  switch (step.type) {
    case 'intent':
      return `,"n":${step.attempt}${step.wasInDoubt ? ',"doubt":true' : ''}`;
    case 'submitted':
      return `,"id":${JSON.stringify(step.captchaId)},"at":${step.submittedAt}`;
    case 'refused':
    case 'queued':
      return '';
    case 'solved':
    case 'failed':
      return `,"exp":${step.expiresAt},"row":${JSON.stringify(row)}`;
  }
}

/** Encodes a step with its newline. Only `solved` and `failed` have a `row`. Throws `RangeError` for an invalid key. */
export function encodeStep(step: Step, row: Values | null = null): Buffer {
  assertKey(step.key);
  return sealed(`{"t":"${step.type}","k":"${step.key}"${membersOf(step, row)}`);
}

/** All fields of a step except the id. It does not match the row, which is most of a journal. */
const head = /^\{"t":"([a-z]+)","k":"([0-9a-f]{32})"(?:,"(?:n|exp)":([^,}]+))?(,"doubt":true)?/;
const finishedHead = /^\{"t":"(?:solved|failed)","k":"([0-9a-f]{32})"/;
/** An upper bound for the matches of both patterns. */
const headLength = 128;

function submittedIn(line: Buffer, key: string): Step {
  const { id, at } = JSON.parse(line.toString()) as { id: string; at: number };
  return { type: 'submitted', key, captchaId: id, submittedAt: at };
}

/** The step in a sealed line; null if this version does not know it. */
export function decodeStep(line: Buffer): Step | null {
  const [, type = '', key = '', value, doubt] = head.exec(line.toString('latin1', 0, headLength)) ?? [];
  switch (type) {
    case 'intent':
      return { type, key, attempt: Number(value), wasInDoubt: doubt !== undefined };
    case 'submitted':
      return submittedIn(line, key);
    case 'refused':
    case 'queued':
      return { type, key };
    case 'solved':
    case 'failed':
      return { type, key, expiresAt: value === 'null' ? null : Number(value) };
    default:
      return null;
  }
}

/** The key of the task whose row the sealed line contains; null for a line without a row. */
export function finishedKeyIn(line: Buffer): string | null {
  return finishedHead.exec(line.toString('latin1', 0, headLength))?.[1] ?? null;
}

/** Decodes the finished task in a sealed line of type `solved` or `failed`. */
export function decodeFinished(line: Buffer): FinishedTask {
  const { t, k, exp, row } = JSON.parse(line.toString()) as {
    t: FinishedTask['status'];
    k: string;
    exp: number | null;
    row: Values;
  };
  return { key: k, status: t, expiresAt: exp, values: row };
}
