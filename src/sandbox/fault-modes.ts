import { UsageError } from '../domain/errors.ts';
import { readAnswer } from '../protocol/answer.ts';
import type { Endpoint } from '../protocol/error-codes.ts';

/** Compressed without being requested; the content is correct. */
const packings = ['gzip', 'deflate', 'br'] as const;
export type Packing = (typeof packings)[number];

/** Modes that replace serving the request. */
const insteadOfServing = ['reset', 'hang', 'html', 'captive-portal', 'create-task', 'empty'] as const;
/** Modes that change the answer to a served request: a faulted submission was accepted. */
const afterServing = ['truncated', 'reset-after', 'empty-solution', 'plain', 'windows-1251', ...packings] as const;

/** The modes that have a name; further ones are HTTP statuses and error codes. */
export const namedModes = [...insteadOfServing, ...afterServing] as const;

/** The effect of a fault on one request. A status from 520 to 527 has the error page of Cloudflare. */
export type FaultInjection =
  | { readonly type: 'status'; readonly status: number }
  | { readonly type: 'code'; readonly code: string }
  | { readonly type: (typeof namedModes)[number] };

/** A parsed fault mode. */
export interface FaultMode {
  /** The only affected endpoint; null for both. */
  readonly endpoint: Endpoint | null;
  readonly injection: FaultInjection;
}

const writtenMode = /^(?:(submit|poll)\/)?(.+)$/;

/** The modes in one line, for messages. */
const faultModeHint = `A mode is an HTTP status (100 to 599), ${namedModes.join(', ')}, or an error code such as ERROR_NO_SLOT_AVAILABLE, optionally prefixed with submit/ or poll/ to affect only that endpoint.`;

function isCode(text: string): boolean {
  const answer = readAnswer(text);
  return answer.type === 'not-ready' || (answer.type === 'code' && answer.code === text);
}

function createInjection(text: string): FaultInjection | null {
  if (/^[1-5]\d\d$/.test(text)) return { type: 'status', status: Number(text) };
  const type = namedModes.find((name) => name === text);
  if (type !== undefined) return { type };
  return isCode(text) ? { type: 'code', code: text } : null;
}

/** Parses a mode such as `503`, `submit/reset` or `ERROR: 1005`. Throws `UsageError` for an invalid one. */
export function readFaultMode(mode: string | number): FaultMode {
  const [, endpoint, text = ''] = writtenMode.exec(String(mode)) ?? [];
  const injection = createInjection(text);
  if (injection === null) throw new UsageError(`"${mode}" is not a fault mode`, faultModeHint);
  return { endpoint: (endpoint as Endpoint | undefined) ?? null, injection };
}
