import { STATUS_CODES } from 'node:http';
import type { Strike } from './fault-mode.ts';
import type { Struck } from './faults.ts';
import { htmlPage, type HttpAnswer } from './http-answer.ts';

type BodyAnswer = Extract<HttpAnswer, { type: 'body' }>;

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
      return null;
  }
}

/** What a fault makes of the answer to a request that was served; null where the answer gets through. */
export function spoiledAnswer(strike: Strike, answer: BodyAnswer): HttpAnswer | null {
  if (strike.type === 'reset-after') return { type: 'reset' };
  if (strike.type !== 'truncated') return null;
  return { ...answer, body: answer.body.slice(0, Math.floor(answer.body.length / 2)) };
}
