import type { FinishedTask } from '../../../ports/files.ts';
import { sealed } from '../../state/sealed-line.ts';

const pattern = /^[0-9a-f]{32}$/;

/** Throws `RangeError` for what is no task's key: a bug, which must not reach the disk. */
export function assertKey(key: string): void {
  if (!pattern.test(key)) throw new RangeError(`a task's key is 32 hex digits, not ${JSON.stringify(key)}`);
}

/** One state change of a task, without the row that a finished one leaves. */
export type Step =
  | { readonly type: 'intent'; readonly key: string; readonly attempt: number; readonly wasInDoubt: boolean }
  | { readonly type: 'submitted'; readonly key: string; readonly captchaId: string; readonly submittedAt: number }
  | { readonly type: 'refused' | 'queued'; readonly key: string }
  | { readonly type: 'solved' | 'failed'; readonly key: string; readonly expiresAt: number | null };

type Values = FinishedTask['values'];

/** Spelled out: `JSON.stringify` is left to what may need escaping. */
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

/** The record of a step, newline included. `row` belongs to `solved` and `failed`, and to no other. Throws `RangeError` for a bad key. */
export function encodeStep(step: Step, row: Values | null = null): Buffer {
  assertKey(step.key);
  return sealed(`{"t":"${step.type}","k":"${step.key}"${membersOf(step, row)}`);
}

/** Everything that a step needs but the id, and none of the row, which is most of a journal. */
const head = /^\{"t":"([a-z]+)","k":"([0-9a-f]{32})"(?:,"(?:n|exp)":([^,}]+))?(,"doubt":true)?/;
const finishedHead = /^\{"t":"(?:solved|failed)","k":"([0-9a-f]{32})"/;
/** Longer than any match of both. */
const headLength = 128;

function submittedIn(line: Buffer, key: string): Step {
  const { id, at } = JSON.parse(line.toString()) as { id: string; at: number };
  return { type: 'submitted', key, captchaId: id, submittedAt: at };
}

/** The step in a sealed line; null where it is none that this version knows. */
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

/** The key of the task whose row is in a sealed line; null for a line without a row. */
export function finishedKeyIn(line: Buffer): string | null {
  return finishedHead.exec(line.toString('latin1', 0, headLength))?.[1] ?? null;
}

/** The finished task in a sealed line of type `solved` or `failed`. */
export function decodeFinished(line: Buffer): FinishedTask {
  const { t, k, exp, row } = JSON.parse(line.toString()) as {
    t: FinishedTask['status'];
    k: string;
    exp: number | null;
    row: Values;
  };
  return { key: k, status: t, expiresAt: exp, values: row };
}
