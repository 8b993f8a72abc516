import { Connector, type ConnectorOptions } from './connector.ts';
import type { Connections } from './dispatcher.ts';
import { Agent } from './undici.ts';

/** Creates a dispatcher that uses a proxy. */
export type OpenProxied = () => Promise<Connections>;

export interface DispatcherOptions {
  /** Timeout of a probe, in ms. */
  readonly timeoutMs: number;
  /** The proxy for a URL's host, according to the environment; null for a direct connection. */
  readonly proxyFor: (url: URL) => { readonly url: string; readonly open: OpenProxied } | null;
  readonly lookup?: ConnectorOptions['lookup'];
}

/** Enough for concurrent probes of all regions, even behind one host. */
const maxConnections = 4_096;
/** A fallback only: the probe's own limit is lower. */
const maxAnswerBytes = 1024 * 1024;

/** The connections of probes: one pool for direct connections and one per proxy, created on first use. */
export class Dispatchers {
  readonly #options: DispatcherOptions;
  readonly #proxied = new Map<string, Promise<Connections>>();
  readonly #connector: Connector;
  #direct: Connections | null = null;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#connector = new Connector(options);
  }

  async for(url: URL): Promise<Connections> {
    const proxy = this.#options.proxyFor(url);
    if (proxy === null) return (this.#direct ??= this.#openDirect());
    const opening = this.#proxied.get(proxy.url) ?? proxy.open();
    this.#proxied.set(proxy.url, opening);
    return opening;
  }

  /** Aborts every request and connection. */
  async close(): Promise<void> {
    const gone = this.#direct?.destroy();
    // undici keeps sockets open while they are connecting, which would keep the process alive.
    this.#connector.close();
    const proxied = await Promise.all(this.#proxied.values());
    await Promise.all([gone, ...proxied.map((each) => each.destroy())]);
  }

  #openDirect(): Connections {
    const { timeoutMs } = this.#options;
    return new Agent({
      connections: maxConnections,
      connect: this.#connector.connect,
      maxResponseSize: maxAnswerBytes,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
  }
}
