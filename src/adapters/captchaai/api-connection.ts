import { setMaxListeners } from 'node:events';
import { type Fault, type FaultKind, ProviderFault } from '../../domain/fault.ts';
import type { CallLimits, RequestCounts, RequestOutcome } from '../../ports/api.ts';
import { refusesKey } from '../../protocol/error-codes.ts';
import { type ConnectionOptions, type Connections, openDispatcher } from '../http/dispatcher.ts';
import { type HttpCall, HttpCallHandler } from '../http/http-call.ts';
import {
  type Call,
  emptySolution,
  NoSolveEndpointFault,
  type Reader,
  readResponse,
  type RetryAfterLimit,
  saysAbsent,
  unusableAnswer,
  usualRetryAfter,
} from './read-response.ts';
import { cleanText, redactor } from './redactor.ts';
import { anySolution, type Parsed, type Success } from './responses.ts';

/** A lone surrogate has no form encoding; the replacement character stands for it. */
const loneSurrogate = /\p{Cs}/gu;

const spelled = (text: string): string => encodeURIComponent(text.replace(loneSurrogate, '\uFFFD'));

/** Encodes a form as a request body. `URLSearchParams` takes three times as long. */
export function encodeForm(form: Readonly<Record<string, string>>): string {
  let body = '';
  for (const name of Object.keys(form)) {
    body += `${body === '' ? '' : '&'}${spelled(name)}=${spelled(form[name] ?? '')}`;
  }
  return body;
}

/** Timeout of a request that waits for the solution: giving up earlier would lose what was paid for. */
const minSolveMs = 120_000;

/** Node fires longer timers immediately. */
const maxTimerMs = 2 ** 31 - 1;

/** The limit that ended a call. */
export type ReachedLimit = 'timeout' | 'cancelled';

function watchSignal(signal: AbortSignal, timer: NodeJS.Timeout, onReached: (limit: ReachedLimit) => void): () => void {
  const cancel = (): void => {
    stop();
    onReached('cancelled');
  };
  const stop = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
  };
  // All calls of a run share its signal; Node warns about a leak from the eleventh listener on.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', cancel);
  return stop;
}

/**
 * Calls `onReached` when a limit is reached, at once if it already is. Returns a function that ends the watch. It must
 * always be called: otherwise the timer keeps the process alive, or the other limit is reported too.
 */
export function watchLimits(limits: CallLimits, onReached: (limit: ReachedLimit) => void): () => void {
  const { timeLeftMs, signal } = limits;
  if (signal?.aborted === true || timeLeftMs <= 0) {
    onReached(signal?.aborted === true ? 'cancelled' : 'timeout');
    return () => undefined;
  }
  const timer = setTimeout(onReached, Math.min(timeLeftMs, maxTimerMs), 'timeout');
  // Nearly all calls come without a signal.
  return signal === undefined ? () => clearTimeout(timer) : watchSignal(signal, timer, onReached);
}

/** A POST request with a form. */
interface FormPost {
  readonly origin: string;
  readonly path: string;
  /** URL-encoded. */
  readonly body: string;
}

const headers = {
  'content-type': 'application/x-www-form-urlencoded',
  'user-agent': 'captcha-ops',
  accept: '*/*',
  'accept-encoding': 'identity',
};

/** Sends a form at most once and reads the whole answer. Never rejects and follows no redirect. */
export function post(dispatcher: Connections, { origin, path, body }: FormPost, limits: CallLimits): Promise<HttpCall> {
  return new Promise((resolve) => {
    // A limit may already be reached and end the exchange during this set-up.
    let stopWatch = (): void => {};
    const handler = new HttpCallHandler((httpCall) => {
      stopWatch();
      resolve(httpCall);
    });
    stopWatch = watchLimits(limits, (limit) => {
      if (limit === 'timeout') handler.abortCall('timeout', 'no answer within the time limit');
      else handler.abortCall('transport', 'cancelled');
    });
    if (!handler.settled) dispatcher.dispatch({ origin, path, body, method: 'POST', headers }, handler);
  });
}

/** Finds the key that replaced a refused one; null if there is none. Never rejects. */
export type RenewKey = (refused: string) => Promise<string | null>;

/** Options of the connection to the service. */
export interface ApiConnectionOptions extends ConnectionOptions {
  readonly baseUrl: URL;
  readonly key: string;
  readonly errorKinds: Readonly<Record<string, FaultKind>>;
  readonly keySource?: string;
  /** Called with a key that the service refused: resolves with the one to use now, or with null for no other. */
  readonly renewKey?: RenewKey;
  /** Left out, 60 s without a word. */
  readonly retryAfter?: RetryAfterLimit;
  /** Wall clock in ms since the epoch, for `Retry-After` dates. */
  readonly nowMs: () => number;
}

/** One request, without the fields that all requests share. */
export interface ApiRequest {
  readonly call: Call;
  readonly form: Readonly<Record<string, string>>;
  readonly limits: CallLimits;
}

/** A key of this length or more cannot occur in an answer by chance. */
const distinctiveLength = 16;

/** The secrets in a request: the API key, and the task's proxy password and cookies. */
function secretsOf(key: string, { proxy = '', cookies = '' }: ApiRequest['form']): readonly string[] {
  const proxyPassword = /^(?:\w+:\/\/)?[^:@]*:(.+)@/.exec(proxy)?.[1] ?? '';
  return [key, proxy, proxyPassword, cookies];
}

/** The key, and what is computed from it once. */
interface Credentials {
  readonly key: string;
  /** The encoded end of every form. */
  readonly form: string;
  /** Removes the key from an answer before it is parsed: an id or a field could carry it to the output. */
  readonly withoutKey: (body: string) => string;
}

function credentialsOf(key: string): Credentials {
  const withoutKey = redactor(key.length >= distinctiveLength ? [key] : []);
  return { key, form: encodeForm({ key, json: '1' }), withoutKey };
}

const outcomeOf = ({ kind, threadsFull }: Fault): RequestOutcome => (threadsFull ? 'threads-full' : kind);

function withoutKeyIn(httpCall: HttpCall, { withoutKey }: Credentials): HttpCall {
  if (httpCall.type === 'broken') return httpCall;
  const body = withoutKey(httpCall.body);
  return body === httpCall.body ? httpCall : { ...httpCall, body };
}

/** The connection to the service. It connects on the first request. */
export class ApiConnection {
  readonly #options: ApiConnectionOptions;
  readonly #host: string;
  readonly #origin: string;
  readonly #paths: Readonly<Record<Call, string>>;
  #credentials: Credentials;
  /** The search for a new key; requests wait for its end. */
  #renewing: Promise<string | null> | null = null;
  #opening: ReturnType<typeof openDispatcher> | null = null;
  readonly #counts: Record<Call, Partial<Record<RequestOutcome, number>>> = {
    ...{ submit: {}, solve: {}, poll: {}, account: {} },
  };
  /** True once the service has given an answer in its own protocol. */
  #isFound = false;

  constructor(options: ApiConnectionOptions) {
    const { baseUrl, key } = options;
    this.#options = options;
    // Precomputed: a URL computes its parts on every access.
    const folder = baseUrl.pathname.replace(/\/+$/, '');
    const poll = `${folder}/res.php`;
    this.#host = baseUrl.host;
    this.#origin = baseUrl.origin;
    this.#paths = { submit: `${folder}/in.php`, solve: `${folder}/solve.php`, poll, account: poll };
    this.#credentials = credentialsOf(key);
  }

  /** Number of requests put on the wire. */
  get requestCount(): number {
    const counts = Object.values(this.#counts).flatMap((outcomes) => Object.values(outcomes));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** The same requests, by call and outcome. */
  get requestCounts(): RequestCounts {
    return this.#counts;
  }

  /**
   * Sends one request and parses the answer with `parseAnswer`. A request that was refused because of the key is sent once
   * more if there is another key now: the service has done nothing for it. Throws `ProviderFault`.
   */
  async request<T>(apiRequest: ApiRequest, parseAnswer: (answer: Success) => Parsed<T>): Promise<T> {
    const startedAtMs = performance.now();
    const remaining = (): ApiRequest => {
      const timeLeftMs = apiRequest.limits.timeLeftMs - (performance.now() - startedAtMs);
      return { ...apiRequest, limits: { ...apiRequest.limits, timeLeftMs } };
    };
    const isHeld = this.#renewing !== null;
    // It would be refused, too, and services block addresses that send wrong keys.
    if (isHeld) await this.#renewing;
    const credentials = this.#credentials;
    try {
      return await this.#send(isHeld ? remaining() : apiRequest, credentials, parseAnswer);
    } catch (error) {
      const isRefused = error instanceof ProviderFault && refusesKey(error.fault.code);
      if (!isRefused || !(await this.#renew(credentials.key))) throw error;
    }
    return this.#send(remaining(), this.#credentials, parseAnswer);
  }

  /** Aborts every open request and connection. */
  async close(): Promise<void> {
    await (await this.#opening)?.destroy();
  }

  /** Whether there is another key now than the refused one. */
  async #renew(refused: string): Promise<boolean> {
    const { renewKey } = this.#options;
    // A request of before the change.
    if (refused !== this.#credentials.key) return true;
    if (renewKey === undefined) return false;
    this.#renewing ??= renewKey(refused).finally(() => (this.#renewing = null));
    const key = await this.#renewing;
    if (key !== null && key !== this.#credentials.key) this.#credentials = credentialsOf(key);
    return refused !== this.#credentials.key;
  }

  async #send<T>(
    apiRequest: ApiRequest,
    credentials: Credentials,
    parseAnswer: (answer: Success) => Parsed<T>,
  ): Promise<T> {
    this.#opening ??= openDispatcher(this.#options);
    const { timeoutMs } = this.#options;
    const maxMs = apiRequest.call === 'solve' ? Math.max(timeoutMs, minSolveMs) : timeoutMs;
    const timeLeftMs = Math.min(apiRequest.limits.timeLeftMs, maxMs);
    const limits = { ...apiRequest.limits, timeLeftMs };
    const httpCall = await post(await this.#opening, this.#requestOf(apiRequest, credentials), limits);
    try {
      const reader = this.#readerOf(apiRequest, credentials);
      const value = this.#read(withoutKeyIn(httpCall, credentials), reader, parseAnswer);
      this.#count(apiRequest.call, 'answered');
      return value;
    } catch (error) {
      const isSent = httpCall.type !== 'broken' || httpCall.maybeSent;
      if (isSent && error instanceof ProviderFault) this.#count(apiRequest.call, outcomeOf(error.fault));
      throw error;
    }
  }

  #count(call: Call, outcome: RequestOutcome): void {
    const outcomes = this.#counts[call];
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }

  /** The value of an answer. Throws `ProviderFault`. */
  #read<T>(httpCall: HttpCall, reader: Reader, parseAnswer: (answer: Success) => Parsed<T>): T {
    const reading = readResponse(httpCall, reader);
    if (reading.type === 'fault') {
      this.#isFound ||= reading.fault.code !== null;
      const isAbsent = reader.call === 'solve' && saysAbsent(httpCall, reading.fault);
      throw isAbsent ? new NoSolveEndpointFault(reading.fault) : new ProviderFault(reading.fault);
    }
    const parsed = parseAnswer(reading);
    if ('error' in parsed && parsed.error === anySolution) throw new ProviderFault(emptySolution(this.#host));
    if ('error' in parsed) throw new ProviderFault(unusableAnswer(reader, `an answer without ${parsed.error}`));
    this.#isFound = true;
    return parsed.value;
  }

  #requestOf({ call, form }: ApiRequest, credentials: Credentials): FormPost {
    return { origin: this.#origin, path: this.#paths[call], body: `${encodeForm(form)}&${credentials.form}` };
  }

  #readerOf({ call, form }: ApiRequest, { key }: Credentials): Reader {
    const { errorKinds, nowMs, keySource, retryAfter = usualRetryAfter } = this.#options;
    const clean = (text: string): string => cleanText(text, secretsOf(key, form));
    const about = { host: this.#host, errorKinds, retryAfter, ...(keySource !== undefined && { keySource }) };
    return { call, ...about, clean, timestamp: nowMs(), isFound: this.#isFound };
  }
}
