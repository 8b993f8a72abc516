import type { HttpCall } from '../../src/adapters/http/http-call.ts';

/** A fault of one request, on the wire or at the service. */
export interface ServiceFault {
  readonly name: string;
  /** The share of submissions that the service accepts despite the fault, 0..1. */
  readonly accepts: number;
  /** The client's view; null if there is never an answer. */
  readonly httpCall: HttpCall | null;
  /** Only for submissions, or only for polls. */
  readonly only?: 'submit' | 'poll';
}

const reply = (status: number, body: string, retryAfter: string | null = null): HttpCall => ({
  ...{ type: 'reply', location: null, unreadable: null },
  ...{ status, body, retryAfter },
});

const broken = (why: string, maybeSent: boolean): HttpCall => ({ type: 'broken', kind: 'transport', why, maybeSent });

const code = (name: string): HttpCall => reply(200, `{"status":0,"request":"${name}"}`);

/** The faults of real service outages. */
export const serviceFaults: readonly ServiceFault[] = [
  { name: 'connection refused', accepts: 0, httpCall: broken('the connection was refused', false) },
  { name: 'connection reset', accepts: 0.5, httpCall: broken('the connection was reset', true) },
  { name: 'answer lost', accepts: 1, httpCall: broken('the connection was closed', true) },
  { name: 'no answer', accepts: 0.5, httpCall: null },
  { name: 'bad gateway page', accepts: 0.3, httpCall: reply(502, '<html><title>Bad Gateway</title></html>') },
  { name: 'page with status 200', accepts: 0.3, httpCall: reply(200, '<html><title>Maintenance</title></html>') },
  { name: 'empty answer', accepts: 0.5, httpCall: reply(200, '') },
  { name: 'unavailable', accepts: 0, httpCall: reply(503, 'over capacity') },
  { name: 'unavailable, Retry-After', accepts: 0, httpCall: reply(503, 'over capacity', '7') },
  { name: 'too many requests', accepts: 0, httpCall: reply(429, '') },
  { name: 'too many requests, Retry-After', accepts: 0, httpCall: reply(429, '', '12') },
  { name: 'slow down', accepts: 0, httpCall: code('ERROR_TOO_MUCH_REQUESTS') },
  { name: 'thread full', accepts: 0, httpCall: code('ERROR_NO_SLOT_AVAILABLE'), only: 'submit' },
  { name: 'internal error', accepts: 0, httpCall: code('ERROR_SERVER_ERROR') },
  { name: 'account refused', accepts: 0, httpCall: code('ERROR_KEY_DOES_NOT_EXIST'), only: 'submit' },
  { name: 'task refused', accepts: 0, httpCall: code('ERROR_PAGEURL'), only: 'submit' },
  { name: 'unknown code', accepts: 0, httpCall: code('ERROR_OF_TOMORROW'), only: 'submit' },
];

/** The id was given up. */
export const unsolvable = code('ERROR_CAPTCHA_UNSOLVABLE');
export const forgotten = code('ERROR_WRONG_CAPTCHA_ID');
export const noSlot = code('ERROR_NO_SLOT_AVAILABLE');
export const notReady = code('CAPCHA_NOT_READY');
export const accepted = (captchaId: string): HttpCall => reply(200, `{"status":1,"request":"${captchaId}"}`);
export const solved = (text: string): HttpCall => reply(200, `{"status":1,"request":"${text}"}`);
