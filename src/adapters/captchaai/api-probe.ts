import { describeFault, type Fault, type FaultKind } from '../../domain/fault.ts';
import type { Result } from '../../domain/result.ts';
import type { ClockReading, ServiceAnswers } from '../../ports/api.ts';
import { type Connections, openDispatcher, withDateHeader } from '../http/dispatcher.ts';
import type { Proxy } from '../http/proxy.ts';
import { encodeForm, post } from './api-connection.ts';
import { type Reader, readResponse, unusableAnswer, usualRetryAfter } from './read-response.ts';
import { cleanText } from './redactor.ts';
import { parseBalance, type Parsed, parseThreads, type Success } from './responses.ts';

/** The target of the probe, and its limits. */
export interface ApiProbeOptions {
  readonly baseUrl: URL;
  /** With null, one request is sent without a key: it tests the connection, not an account. */
  readonly key: string | null;
  readonly timeoutMs: number;
  readonly proxy: Proxy | null;
  readonly errorKinds: Readonly<Record<string, FaultKind>>;
  /** Wall clock in ms since the epoch. */
  readonly timestamp: () => number;
}

/** The first request connects, the others measure. Both actions are free of charge. */
const warmedQuestions = 5;

/** Sends requests one by one on one connection and records their round-trip times. */
class ApiRequests {
  readonly roundTripsMs: number[] = [];
  clock: ClockReading | null = null;
  readonly #options: ApiProbeOptions;
  readonly #dispatcher: Connections;
  #date: string | null = null;
  #status: number | null = null;

  constructor(dispatcher: Connections, options: ApiProbeOptions) {
    this.#options = options;
    this.#dispatcher = withDateHeader(dispatcher, (date) => {
      this.#date = date;
    });
  }

  /** The HTTP status of the latest answer; null if there was none. */
  get status(): number | null {
    return this.#status;
  }

  async request<T>(action: string, parseAnswer: (answer: Success) => Parsed<T>): Promise<Result<T, Fault>> {
    const { baseUrl, key, timeoutMs } = this.#options;
    const path = `${baseUrl.pathname.replace(/\/+$/, '')}/res.php`;
    const body = encodeForm({ ...(key !== null && { key }), action, json: '1' });
    const startedAtMs = performance.now();
    const httpCall = await post(this.#dispatcher, { origin: baseUrl.origin, path, body }, { timeLeftMs: timeoutMs });
    this.#status = httpCall.type === 'reply' ? httpCall.status : null;
    if (httpCall.type === 'reply') this.#record(performance.now() - startedAtMs);
    const reading = readResponse(httpCall, this.#reader());
    if (reading.type === 'fault') return { error: reading.fault };
    const parsed = parseAnswer(reading);
    return 'value' in parsed ? parsed : { error: unusableAnswer(this.#reader(), `an answer without ${parsed.error}`) };
  }

  #record(roundTripMs: number): void {
    this.roundTripsMs.push(roundTripMs);
    const serverAt = Date.parse(this.#date ?? '');
    const localAt = this.#options.timestamp() - roundTripMs / 2;
    if (!Number.isNaN(serverAt)) this.clock = { serverAt, localAt, roundTripMs };
  }

  #reader(): Reader {
    const { baseUrl, key, errorKinds, timestamp } = this.#options;
    const clean = (text: string): string => cleanText(text, [key ?? '']);
    const about = { call: 'account', host: baseUrl.host, errorKinds, retryAfter: usualRetryAfter } as const;
    // `isFound: true`, because a probe evaluates all answers.
    return { ...about, clean, timestamp: timestamp(), isFound: true };
  }
}

async function requestAll(
  apiRequests: ApiRequests,
  hasKey: boolean,
): Promise<Pick<ServiceAnswers, 'fault' | 'balance' | 'threads'>> {
  const balance = await apiRequests.request('getbalance', parseBalance);
  if ('error' in balance) return { fault: balance.error, balance: null, threads: null };
  if (!hasKey) return { fault: null, balance: null, threads: null };
  // Not every service with this protocol supports `threadsinfo`: a missing answer is no error.
  const threads = await apiRequests.request('threadsinfo', parseThreads);
  const known = { balance: balance.value, threads: 'value' in threads ? threads.value : null };
  for (let count = 1; count < warmedQuestions; count += 1) {
    const again = await apiRequests.request('getbalance', parseBalance);
    if ('error' in again) return { ...known, fault: again.error };
  }
  return { ...known, fault: null };
}

/** Sends a few cheap requests, with the key in POST bodies only. Never rejects: errors are part of the answer. */
export async function probeApi(options: ApiProbeOptions): Promise<ServiceAnswers> {
  const dispatcher = await openDispatcher({ connections: 1, timeoutMs: options.timeoutMs, proxy: options.proxy });
  const apiRequests = new ApiRequests(dispatcher, options);
  try {
    const answers = await requestAll(apiRequests, options.key !== null);
    const { roundTripsMs, clock, status } = apiRequests;
    return { ...answers, status: answers.fault === null ? null : status, roundTripsMs, clock };
  } catch (error) {
    const message = `The request to the service failed: ${cleanText(String(error), [options.key ?? ''])}`;
    const nothing = { status: null, balance: null, threads: null };
    return { ...nothing, fault: describeFault({ kind: 'transport', message }), roundTripsMs: [], clock: null };
  } finally {
    await dispatcher.destroy();
  }
}
