import { setMaxListeners } from 'node:events';
import type { Dispatcher } from 'undici';
import { Agent } from './undici.ts';

/** Opens a dispatcher that goes through a proxy. */
export type OpenProxied = () => Promise<Dispatcher>;

export interface DispatcherOptions {
  /** The longest that any probe may take, in ms. */
  readonly timeoutMs: number;
  /** How a URL's host is reached where the environment asks for a proxy; null where it is reached directly. */
  readonly proxyFor: (url: URL) => { readonly url: string; readonly open: OpenProxied } | null;
}

/** Enough for every region to answer at the same time, behind one host, too. */
const mostConnections = 4_096;
/** A backstop only: the probe's own limit comes first. */
const largestAnswerBytes = 1024 * 1024;

/** The connections of probes: one pool for what is reached directly, one for each proxy. Opened when needed. */
export class Dispatchers {
  readonly #options: DispatcherOptions;
  readonly #closing = new AbortController();
  readonly #proxied = new Map<string, Promise<Dispatcher>>();
  #direct: Dispatcher | null = null;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    setMaxListeners(0, this.#closing.signal);
  }

  async for(url: URL): Promise<Dispatcher> {
    const proxy = this.#options.proxyFor(url);
    if (proxy === null) return (this.#direct ??= this.#openDirect());
    const opening = this.#proxied.get(proxy.url) ?? proxy.open();
    this.#proxied.set(proxy.url, opening);
    return opening;
  }

  /** Ends every request and connection, those that are still being made, too. */
  async close(): Promise<void> {
    // undici's own destroy waits for connections that are being made, and so would the process.
    this.#closing.abort();
    const proxied = await Promise.all(this.#proxied.values());
    await Promise.all([...proxied, ...(this.#direct === null ? [] : [this.#direct])].map((each) => each.destroy()));
  }

  #openDirect(): Dispatcher {
    const { timeoutMs } = this.#options;
    return new Agent({
      connections: mostConnections,
      connect: { timeout: timeoutMs, signal: this.#closing.signal },
      maxResponseSize: largestAnswerBytes,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
  }
}
