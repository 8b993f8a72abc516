import { setMaxListeners } from 'node:events';
import type { Dispatcher } from 'undici';
import { percentDecoded } from '../../domain/page-url.ts';
import type { ProbeLimits } from '../../ports/api.ts';
import type { Connections } from './dispatcher.ts';
import { connectionErrorPhrase, isLocalLimit, isRefused } from './error-phrases.ts';
import { readBody } from './read-body.ts';

/** The result of one GET request. */
export type Got =
  | {
      readonly type: 'reply';
      readonly status: number;
      /** Empty if it could not be read. */
      readonly body: string;
      /** Why the body could not be read, as an own phrase; null if it was read. */
      readonly unreadable: string | null;
      readonly latencyMs: number;
    }
  /**
   * `why`: an own phrase. `latencyMs`: time to the first line; null if that line or the rest did not arrive in time.
   * `isRefused`: nothing listens at the address.
   */
  | {
      readonly type: 'broken';
      readonly why: string;
      readonly latencyMs: number | null;
      readonly isRefused: boolean;
      /** True if a limit of this machine was reached: the other side was not asked. */
      readonly isLocal?: true;
    };

export interface GetRequest {
  readonly url: URL;
  /** Limit of the body in bytes; a longer body fails the request. 0: only the status line is needed. */
  readonly maxBytes: number;
}

/** Node fires longer timers immediately. */
const maxTimerMs = 2 ** 31 - 1;

const inUnits = (ms: number): string => (ms < 1_000 ? `${ms}ms` : `${ms / 1_000}s`);

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

/** undici's handler of one request. It settles once, and writes nothing afterwards. */
class GetHandler implements Dispatcher.DispatchHandler {
  readonly #settle: (got: Got) => void;
  readonly #maxBytes: number;
  readonly #startedMs = performance.now();
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | null = null;
  #settled = false;
  #status = 0;
  #headers: Headers = {};
  #size = 0;
  #latencyMs: number | null = null;

  constructor(maxBytes: number, settle: (got: Got) => void) {
    this.#maxBytes = maxBytes;
    this.#settle = settle;
  }

  /** Ends the request in any state. */
  abortCall(why: string, isRefused = false): void {
    this.#finish({ type: 'broken', why, latencyMs: this.#latencyMs, isRefused });
    this.#controller?.abort(new Error(why));
  }

  /** Ends a request after its timeout: the latency of the first line would be misleading. */
  giveUpLate(why: string): void {
    this.#latencyMs = null;
    this.abortCall(why);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Throwing stops undici from writing a request that was aborted while it waited for a connection.
    if (this.#settled) throw new Error('given up');
    this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    this.#latencyMs = performance.now() - this.#startedMs;
    if (this.#maxBytes > 0) return;
    this.onResponseEnd();
    this.#controller?.abort(new Error('heard enough'));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return;
    this.#size += chunk.length;
    if (this.#size <= this.#maxBytes) this.#chunks.push(chunk);
    else {
      const why = `HTTP ${this.#status} with more than ${this.#maxBytes / 1024} KiB`;
      this.#finish({ type: 'broken', why, latencyMs: this.#latencyMs, isRefused: false });
      // undici's parser fails if a request ends while it reads the last part of the answer.
      queueMicrotask(() => this.#controller?.abort(new Error(why)));
    }
  }

  onResponseEnd(): void {
    if (this.#settled) return;
    const read = readBody(this.#chunks, this.#headers, this.#maxBytes);
    const [body, unreadable] = 'text' in read ? [read.text, null] : ['', read.unreadable];
    const latencyMs = performance.now() - this.#startedMs;
    this.#finish({ type: 'reply', status: this.#status, body, unreadable, latencyMs });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const why = connectionErrorPhrase(error);
    if (isLocalLimit(error)) this.#finish({ type: 'broken', why, latencyMs: null, isRefused: false, isLocal: true });
    else this.abortCall(why, isRefused(error));
  }

  #finish(got: Got): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#settle(got);
  }
}

/** The authorization header for a user and password in the URL. */
function authorizationOf({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {};
  const pair = `${percentDecoded(username)}:${percentDecoded(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function optionsOf(url: URL): Dispatcher.DispatchOptions {
  const asked = { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'captcha-ops' };
  const headers = { ...asked, ...authorizationOf(url) };
  // Each request uses its own connection: a kept one may be closed at any moment, and does not test the connection
  // set-up.
  return { origin: url.origin, path: `${url.pathname}${url.search}`, method: 'GET', headers, reset: true };
}

/** Sends one GET request. Never rejects, settles within `timeoutMs`, and follows no redirect. */
export function get(dispatcher: Connections, { url, maxBytes }: GetRequest, limits: ProbeLimits): Promise<Got> {
  const { timeoutMs, signal } = limits;
  return new Promise((resolve) => {
    const handler = new GetHandler(maxBytes, (got) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      resolve(got);
    });
    const cancel = (): void => handler.abortCall('cancelled');
    const outOfTime = (): void => handler.giveUpLate(`timed out after ${inUnits(timeoutMs)}`);
    const timer = setTimeout(outOfTime, Math.min(timeoutMs, maxTimerMs));
    if (signal !== undefined) {
      // All probes of a round share it; Node warns about a leak from the eleventh listener on.
      setMaxListeners(0, signal);
      signal.addEventListener('abort', cancel);
    }
    if (signal?.aborted === true) cancel();
    else dispatcher.dispatch(optionsOf(url), handler);
  });
}
