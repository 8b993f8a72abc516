import { ProviderFault, type FaultKind } from '../../domain/fault.ts';
import type { CallLimits } from '../../ports/solver-api.ts';
import { cleanText, redactor } from './clean-text.ts';
import { openDispatcher, type ConnectionOptions } from './dispatcher.ts';
import type { Exchange } from './exchange.ts';
import { encodeForm } from './form.ts';
import type { Picked, Success } from './picked.ts';
import { type FormPost, post } from './post.ts';
import { readExchange, unusableAnswer, type Call, type Reader } from './read-exchange.ts';

/** Where to, and with what. */
export interface SessionOptions extends ConnectionOptions {
  readonly baseUrl: URL;
  readonly key: string;
  readonly errorKinds: Readonly<Record<string, FaultKind>>;
  /** Wall clock, in ms since the epoch: for `Retry-After` dates. */
  readonly nowMs: () => number;
}

/** One request, without what every request has. */
export interface Question {
  readonly call: Call;
  readonly form: Readonly<Record<string, string>>;
  readonly limits: CallLimits;
}

/** A key this long cannot stand in an answer by chance. */
const distinctiveLength = 16;

/** What must not be shown of a request: the key, and what a task brings to log in elsewhere. */
function secretsOf(key: string, { proxy = '', cookies = '' }: Question['form']): readonly string[] {
  const proxyPassword = /^(?:\w+:\/\/)?[^:@]*:(.+)@/.exec(proxy)?.[1] ?? '';
  return [key, proxy, proxyPassword, cookies];
}

/** The service, as something that can be asked. Nothing is connected before the first question. */
export class Session {
  readonly #options: SessionOptions;
  /** Takes the key out of an answer before anything reads it: an id or a field could carry it to the output. */
  readonly #withoutKey: (body: string) => string;
  readonly #host: string;
  readonly #origin: string;
  readonly #paths: Readonly<Record<Call, string>>;
  /** What every form ends with, encoded. */
  readonly #credentials: string;
  #opening: ReturnType<typeof openDispatcher> | null = null;
  #requestCount = 0;
  /** Whether the service has answered in its own words. */
  #isFound = false;

  constructor(options: SessionOptions) {
    const { baseUrl, key } = options;
    this.#options = options;
    this.#withoutKey = redactor(key.length >= distinctiveLength ? [key] : []);
    // Taken apart once: a URL works its parts out whenever they are asked for.
    const folder = baseUrl.pathname.replace(/\/+$/, '');
    const poll = `${folder}/res.php`;
    this.#host = baseUrl.host;
    this.#origin = baseUrl.origin;
    this.#paths = { submit: `${folder}/in.php`, poll, account: poll };
    this.#credentials = encodeForm({ key, json: '1' });
  }

  /** How many requests were put on the wire. */
  get requestCount(): number {
    return this.#requestCount;
  }

  /** Asks once and reads the answer with `pick`. Throws `ProviderFault`. */
  async ask<T>(question: Question, pick: (answer: Success) => Picked<T>): Promise<T> {
    this.#opening ??= openDispatcher(this.#options);
    const timeLeftMs = Math.min(question.limits.timeLeftMs, this.#options.timeoutMs);
    const limits = { ...question.limits, timeLeftMs };
    const exchange = this.#received(await post(await this.#opening, this.#requestOf(question), limits));
    const reader = this.#readerOf(question);
    const reading = readExchange(exchange, reader);
    if (reading.type === 'fault') {
      this.#isFound ||= reading.fault.code !== null;
      throw new ProviderFault(reading.fault);
    }
    const picked = pick(reading);
    if ('missing' in picked) throw new ProviderFault(unusableAnswer(reader, `nothing that holds ${picked.missing}`));
    this.#isFound = true;
    return picked.value;
  }

  /** Ends every open request and connection. */
  async close(): Promise<void> {
    await (await this.#opening)?.destroy();
  }

  /** Counts it, and takes the key out of it. */
  #received(exchange: Exchange): Exchange {
    if (exchange.type === 'broken') {
      this.#requestCount += exchange.maybeSent ? 1 : 0;
      return exchange;
    }
    this.#requestCount += 1;
    const body = this.#withoutKey(exchange.body);
    return body === exchange.body ? exchange : { ...exchange, body };
  }

  #requestOf({ call, form }: Question): FormPost {
    return { origin: this.#origin, path: this.#paths[call], body: `${encodeForm(form)}&${this.#credentials}` };
  }

  #readerOf({ call, form }: Question): Reader {
    const { key, errorKinds, nowMs } = this.#options;
    const clean = (text: string): string => cleanText(text, secretsOf(key, form));
    return { call, host: this.#host, errorKinds, clean, timestamp: nowMs(), isFound: this.#isFound };
  }
}
