import { UsageError } from '../domain/usage-error.ts';
import { readAnswer } from '../protocol/answer.ts';
import type { Endpoint } from '../protocol/error-codes.ts';

/** Packed so without being asked, an answer is still the right one. */
const packings = ['gzip', 'deflate', 'br'] as const;
export type Packing = (typeof packings)[number];

const namedStrikes = ['reset', 'hang', 'html', 'empty', 'truncated', 'reset-after', 'plain', ...packings] as const;

/**
 * What a fault does to one request. `truncated`, `reset-after`, `plain` and the packings act on the answer to a request
 * that was served: a submission struck so was accepted. The others come instead of serving it.
 */
export type Strike =
  | { readonly type: 'status'; readonly status: number }
  | { readonly type: 'code'; readonly code: string }
  | { readonly type: (typeof namedStrikes)[number] };

/** A fault mode that was understood. */
export interface FaultMode {
  /** The only endpoint that it strikes; null where it strikes both. */
  readonly endpoint: Endpoint | null;
  readonly strike: Strike;
}

const writtenMode = /^(?:(submit|poll)\/)?(.+)$/;

/** The modes in one line, for messages. */
export const faultModeHint = `A mode is an HTTP status (100 to 599), ${namedStrikes.join(', ')}, or an error code such as ERROR_NO_SLOT_AVAILABLE, with submit/ or poll/ before it to strike one endpoint only.`;

function isCode(text: string): boolean {
  const answer = readAnswer(text);
  return answer.type === 'not-ready' || (answer.type === 'code' && answer.code === text);
}

function strikeOf(text: string): Strike | null {
  if (/^[1-5]\d\d$/.test(text)) return { type: 'status', status: Number(text) };
  const type = namedStrikes.find((name) => name === text);
  if (type !== undefined) return { type };
  return isCode(text) ? { type: 'code', code: text } : null;
}

/** Reads a mode such as `503`, `submit/reset` or `ERROR: 1005`. Throws `UsageError` where it is not one. */
export function readFaultMode(mode: string | number): FaultMode {
  const [, endpoint, text = ''] = writtenMode.exec(String(mode)) ?? [];
  const strike = strikeOf(text);
  if (strike === null) throw new UsageError(`"${mode}" is not a fault mode`, faultModeHint);
  return { endpoint: (endpoint as Endpoint | undefined) ?? null, strike };
}
