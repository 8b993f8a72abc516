import type { FinishedTask } from '../../../ports/task-journal.ts';
import { sealLine } from './sealed-line.ts';
import { assertKey } from './task-key.ts';

/** One state change of a task, without the row that a finished one leaves. */
export type Step =
  | { readonly type: 'intent'; readonly key: string; readonly attempt: number }
  | { readonly type: 'submitted'; readonly key: string; readonly captchaId: string; readonly submittedAt: number }
  | { readonly type: 'refused'; readonly key: string }
  | { readonly type: 'solved' | 'failed'; readonly key: string; readonly expiresAt: number | null };

type Values = FinishedTask['values'];

function fieldsOf(step: Step, row: Values | null): Record<string, unknown> {
  const head = { t: step.type, k: step.key };
  switch (step.type) {
    case 'intent':
      return { ...head, n: step.attempt };
    case 'submitted':
      return { ...head, id: step.captchaId, at: step.submittedAt };
    case 'refused':
      return head;
    case 'solved':
    case 'failed':
      return { ...head, exp: step.expiresAt, row };
  }
}

/** The record of a step, newline included. `row` belongs to `solved` and `failed`, and to no other. Throws `RangeError` for a bad key. */
export function encodeStep(step: Step, row: Values | null = null): Buffer {
  assertKey(step.key);
  return sealLine(fieldsOf(step, row));
}

/** Everything that a step needs but the id, and none of the row, which is most of a journal. */
const head = /^\{"t":"([a-z]+)","k":"([0-9a-f]{32})"(?:,"(?:n|exp)":([^,}]+))?/;
const finishedHead = /^\{"t":"(?:solved|failed)","k":"([0-9a-f]{32})"/;
/** Longer than any match of both. */
const headLength = 128;

function submittedIn(line: Buffer, key: string): Step {
  const { id, at } = JSON.parse(line.toString()) as { id: string; at: number };
  return { type: 'submitted', key, captchaId: id, submittedAt: at };
}

/** The step in a sealed line; null where it is none that this version knows. */
export function decodeStep(line: Buffer): Step | null {
  const [, type = '', key = '', value] = head.exec(line.toString('latin1', 0, headLength)) ?? [];
  switch (type) {
    case 'intent':
      return { type, key, attempt: Number(value) };
    case 'submitted':
      return submittedIn(line, key);
    case 'refused':
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
