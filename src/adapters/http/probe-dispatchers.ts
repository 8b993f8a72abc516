import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import { Agent, buildConnector } from './undici.ts';

/** Opens a dispatcher that goes through a proxy. */
export type OpenProxied = () => Promise<Dispatcher>;

export interface DispatcherOptions {
  /** The longest that any probe may take, in ms. */
  readonly timeoutMs: number;
  /** How a URL's host is reached where the environment asks for a proxy; null where it is reached directly. */
  readonly proxyFor: (url: URL) => { readonly url: string; readonly open: OpenProxied } | null;
}

/** Enough for every region to answer at the same time, behind one host, too. */
const maxConnections = 4_096;
/** A backstop only: the probe's own limit comes first. */
const maxAnswerBytes = 1024 * 1024;

/** The connections of probes: one pool for what is reached directly, one for each proxy. Opened when needed. */
export class Dispatchers {
  readonly #options: DispatcherOptions;
  readonly #proxied = new Map<string, Promise<Dispatcher>>();
  /** Of the direct pool, those that are still being made included. */
  readonly #sockets = new Set<Socket>();
  #direct: Dispatcher | null = null;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  async for(url: URL): Promise<Dispatcher> {
    const proxy = this.#options.proxyFor(url);
    if (proxy === null) return (this.#direct ??= this.#openDirect());
    const opening = this.#proxied.get(proxy.url) ?? proxy.open();
    this.#proxied.set(proxy.url, opening);
    return opening;
  }

  /** Ends every request and connection. */
  async close(): Promise<void> {
    const gone = this.#direct?.destroy();
    // undici lets go of connections that are still being made only once they are, and so would the process.
    for (const socket of this.#sockets) socket.destroy();
    const proxied = await Promise.all(this.#proxied.values());
    await Promise.all([gone, ...proxied.map((each) => each.destroy())]);
  }

  #openDirect(): Dispatcher {
    const { timeoutMs } = this.#options;
    const connect = buildConnector({ timeout: timeoutMs });
    return new Agent({
      connections: maxConnections,
      connect: (options, callback) => {
        const socket = connect(options, callback);
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
      },
      maxResponseSize: maxAnswerBytes,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
  }
}
