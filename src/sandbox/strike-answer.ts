import { STATUS_CODES } from 'node:http';
import type { Packing, Strike } from './fault-mode.ts';
import type { Struck } from './faults.ts';
import { htmlPage, type HttpAnswer } from './http-answer.ts';

type TextAnswer = Extract<HttpAnswer, { type: 'body' }> & { readonly body: string };

const html = { 'Content-Type': 'text/html' };

function statusAnswer(status: number, retryAfter: string | null): HttpAnswer {
  const title = `${status} ${STATUS_CODES[status] ?? 'Fault'}`;
  const headers = retryAfter === null ? html : { ...html, 'Retry-After': retryAfter };
  return { type: 'body', status, headers, body: htmlPage(title) };
}

/** What a fault answers instead of serving the request; null where it lets the request be served. */
export function answerInstead(
  { strike, retryAfter }: Struck,
  codeAnswer: (code: string) => HttpAnswer,
): HttpAnswer | null {
  switch (strike.type) {
    case 'status':
      return statusAnswer(strike.status, retryAfter);
    case 'code':
      return codeAnswer(strike.code);
    case 'html':
      return { type: 'body', status: 200, headers: html, body: htmlPage('Service temporarily unavailable') };
    case 'empty':
      return { type: 'body', status: 200, headers: html, body: '' };
    case 'hang':
    case 'reset':
      return { type: strike.type };
    case 'truncated':
    case 'reset-after':
    case 'plain':
    case 'gzip':
    case 'deflate':
    case 'br':
      return null;
  }
}

function packed(body: string, packing: Packing): Uint8Array {
  // Loaded where a fault asks for it: every start of a sandbox would wait for it.
  const { brotliCompressSync, deflateSync, gzipSync } = process.getBuiltinModule('node:zlib');
  return { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync }[packing](body);
}

/** The right answer, packed where the fault says so. */
export function packedAnswer(strike: Strike | null, answer: TextAnswer): HttpAnswer {
  if (strike?.type !== 'gzip' && strike?.type !== 'deflate' && strike?.type !== 'br') return answer;
  const headers = { ...answer.headers, 'Content-Encoding': strike.type };
  return { ...answer, headers, body: packed(answer.body, strike.type) };
}

/** What a fault makes of the answer to a request that was served; null where the answer gets through. */
export function spoiledAnswer(strike: Strike, answer: TextAnswer): HttpAnswer | null {
  if (strike.type === 'reset-after') return { type: 'reset' };
  if (strike.type !== 'truncated') return null;
  return { ...answer, body: answer.body.slice(0, Math.floor(answer.body.length / 2)) };
}
