import type { Dispatcher } from 'undici';
import { Connector } from './connector.ts';
import { isProxyError, proxyErrorOf } from './error-phrases.ts';
import type { Proxy } from './proxy.ts';
import { Agent } from './undici.ts';

/** Connection settings. */
export interface ConnectionOptions {
  /** Limit of open connections. */
  readonly connections: number;
  /** Timeout of a request in ms; it also limits connecting. */
  readonly timeoutMs: number;
  /** Null connects directly. */
  readonly proxy: Proxy | null;
  /**
   * True asks a proxy for the whole URL of plain HTTP, as other programs do: many proxies allow no tunnel for it. Through
   * a tunnel, an error of the proxy is not taken for one of the service.
   */
  readonly forwardsHttp?: boolean;
}

const maxConnectMs = 10_000;
/** Limit of an answer in bytes, both compressed and decompressed. */
export const maxAnswerBytes = 1024 * 1024;

/** What sends requests: a part of undici's dispatcher. */
export interface Connections {
  readonly dispatch: Dispatcher['dispatch'];
  /** Aborts every request and connection, also those that are being set up. */
  destroy(): Promise<void>;
}

function openAgent(options: ConnectionOptions): Connections {
  const connector = new Connector({ timeoutMs: connectMsOf(options) });
  const connect = options.proxy === null ? connector.connect : throughProxy(connector);
  const agent = new Agent({ ...limitsOf(options), connect });
  return {
    dispatch: (request, handler) => agent.dispatch(request, handler),
    destroy: async () => {
      connector.close();
      await agent.destroy();
    },
  };
}

/**
 * Creates a dispatcher that never retries and never follows a redirect. undici does neither without an interceptor; a
 * repeated submission would be paid twice.
 */
export async function openDispatcher(options: ConnectionOptions): Promise<Connections> {
  return options.proxy === null ? openAgent(options) : openProxied(options.proxy, options);
}

/** A limit of 0 is that of a request, which may wait longer for its connection. */
const connectMsOf = ({ timeoutMs }: ConnectionOptions): number =>
  timeoutMs > 0 ? Math.min(maxConnectMs, timeoutMs) : maxConnectMs;

/** Says of an error that the proxy cannot be reached, rather than the host behind it. */
function throughProxy(connector: Connector): Connector['connect'] {
  return (options, callback) => {
    connector.connect(options, (...result) => {
      const [error] = result;
      if (error === null) callback(...result);
      else callback(proxyErrorOf(error), null);
    });
  };
}

function limitsOf({ connections }: ConnectionOptions): Agent.Options {
  return {
    connections,
    maxResponseSize: maxAnswerBytes,
    // Every call has its own timer: undici's two timers per request are not needed.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

function withoutTunnel(options: Dispatcher.DispatchOptions, { url, authorization }: Proxy): Dispatcher.DispatchOptions {
  const origin = String(options.origin);
  const headers = { ...(options.headers as Record<string, string>), host: new URL(origin).host };
  const login = authorization === null ? {} : { 'proxy-authorization': authorization };
  return {
    ...options,
    origin: new URL(url).origin,
    path: `${origin}${options.path}`,
    headers: { ...headers, ...login },
  };
}

async function openProxied(proxy: Proxy, options: ConnectionOptions): Promise<Connections> {
  // A bundler with code splitting exposes CommonJS modules as default exports only.
  const { ProxyAgent, Pool } = (await import('undici')).default;
  /** If a proxy closes the connection on CONNECT, undici treats that as temporary and reconnects thousands of times. */
  class TunnelPool extends Pool {
    override connect = async (request: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> => {
      try {
        return await super.connect(request);
      } catch (error) {
        if (isProxyError(error)) throw error;
        throw Object.assign(new Error('no tunnel'), { code: 'ERR_PROXY_TUNNEL' });
      }
    };
  }
  const connector = new Connector({ timeoutMs: connectMsOf(options) });
  const connect = throughProxy(connector);
  const tunnels = new ProxyAgent({
    ...limitsOf(options),
    uri: new URL(proxy.url).origin,
    ...(proxy.authorization !== null && { token: proxy.authorization }),
    requestTls: { timeout: connectMsOf(options) },
    clientFactory: (origin, pool) => new TunnelPool(origin, { ...pool, connect, headersTimeout: options.timeoutMs }),
  });
  const plain = options.forwardsHttp === true ? openAgent(options) : null;
  return {
    dispatch: (request, handler) => {
      if (plain === null || !String(request.origin).startsWith('http:')) return tunnels.dispatch(request, handler);
      return plain.dispatch(withoutTunnel(request, proxy), handler);
    },
    destroy: async () => {
      connector.close();
      await Promise.all([plain?.destroy(), tunnels.destroy()]);
    },
  };
}

type Handler = Dispatcher.DispatchHandler;

/** Reports the `Date` header and passes everything on. */
function dating(handler: Handler, onDate: (date: string) => void): Handler {
  return {
    onRequestStart: (controller, context: unknown) => handler.onRequestStart?.(controller, context),
    onResponseStart: (...start) => {
      const [, , { date }] = start;
      if (typeof date === 'string') onDate(date);
      handler.onResponseStart?.(...start);
    },
    onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
    onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
    onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
  };
}

/** The same connections, which report the `Date` header of every answer. */
export function withDateHeader(connections: Connections, onDate: (date: string) => void): Connections {
  return {
    dispatch: (request, handler) => connections.dispatch(request, dating(handler, onDate)),
    destroy: () => connections.destroy(),
  };
}
