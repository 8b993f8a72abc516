import type { Dispatcher } from 'undici';
import { maxAnswerBytes } from './dispatcher.ts';
import { connectionErrorSentence, isTimeout, isUnknownHost, lastingFault } from './error-phrases.ts';
import { readBody } from './read-body.ts';

/** The result of one HTTP request. */
export type HttpCall =
  | {
      readonly type: 'reply';
      readonly status: number;
      readonly retryAfter: string | null;
      readonly location: string | null;
      /** Empty if it could not be read. */
      readonly body: string;
      /** Why the body could not be read, as an own phrase; null if it was read. */
      readonly unreadable: string | null;
    }
  | {
      readonly type: 'broken';
      readonly kind: 'timeout' | 'transport';
      /** An own phrase or an error code, never text from the server. */
      readonly why: string;
      /** Set if waiting does not fix it; then no byte was sent. */
      readonly lasting?: LastingFault;
      /** False only if it is certain that no byte of the request was written to a connection. */
      readonly maybeSent: boolean;
    };

/** Why a request could not be sent, and will not be the next time. */
export interface LastingFault {
  readonly kind: 'config' | 'local';
  /** What to do about it, as a sentence. */
  readonly fix: string;
  readonly isUnknownHost: boolean;
}

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

function headerOf(headers: Headers, name: string): string | null {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

/**
 * undici's handler of one request. undici reports when it starts to write a request, so "was it sent" is known, not
 * guessed from an error code: before that moment nothing was sent, afterwards everything may have been.
 */
export class HttpCallHandler implements Dispatcher.DispatchHandler {
  readonly #settle: (httpCall: HttpCall) => void;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | null = null;
  #settled = false;
  #status = 0;
  #headers: Headers = {};

  constructor(settle: (httpCall: HttpCall) => void) {
    this.#settle = settle;
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** Ends the call in any state. */
  abortCall(kind: 'timeout' | 'transport', why: string): void {
    this.#finish({ type: 'broken', kind, why, maybeSent: this.#controller !== null });
    this.#controller?.abort(new Error(why));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Throwing stops undici from writing: a call that was aborted while it waited for a connection is not sent, and
    // nothing is sent twice.
    if (this.#settled || this.#controller !== null) throw new Error('given up');
    this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const read = readBody(this.#chunks, this.#headers, maxAnswerBytes);
    this.#finish({
      type: 'reply',
      status: this.#status,
      retryAfter: headerOf(this.#headers, 'retry-after'),
      location: headerOf(this.#headers, 'location'),
      body: 'text' in read ? read.text : '',
      unreadable: 'text' in read ? null : read.unreadable,
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const kind = isTimeout(error) ? 'timeout' : 'transport';
    const fault = this.#controller === null ? lastingFault(error) : null;
    if (fault === null) {
      this.abortCall(kind, connectionErrorSentence(error));
      return;
    }
    const lasting = { ...fault, isUnknownHost: isUnknownHost(error) };
    this.#finish({ type: 'broken', kind, why: connectionErrorSentence(error), lasting, maybeSent: false });
  }

  #finish(httpCall: HttpCall): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#settle(httpCall);
  }
}
