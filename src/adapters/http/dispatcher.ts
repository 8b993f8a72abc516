import type { Dispatcher } from 'undici';
import type { Proxy } from './proxy.ts';
import { Agent } from './undici.ts';

export type { Dispatcher };

/** Connection settings. */
export interface ConnectionOptions {
  /** Limit of open connections. */
  readonly connections: number;
  /** Timeout of a request in ms; it also limits connecting. */
  readonly timeoutMs: number;
  /** Null connects directly. */
  readonly proxy: Proxy | null;
}

const maxConnectMs = 10_000;
/** Limit of an answer in bytes, both compressed and decompressed. */
export const maxAnswerBytes = 1024 * 1024;

/**
 * Creates a dispatcher that never retries and never follows a redirect. undici does neither without an interceptor; a
 * repeated submission would be paid twice.
 */
export async function openDispatcher(options: ConnectionOptions): Promise<Dispatcher> {
  return options.proxy === null ? new Agent(limitsOf(options)) : openProxied(options.proxy, options);
}

function limitsOf({ connections, timeoutMs }: ConnectionOptions): Agent.Options {
  return {
    connections,
    connect: { timeout: Math.min(maxConnectMs, timeoutMs) },
    maxResponseSize: maxAnswerBytes,
    // Every call has its own timer: undici's two timers per request are not needed.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

async function openProxied(proxy: Proxy, options: ConnectionOptions): Promise<Dispatcher> {
  // A bundler with code splitting exposes CommonJS modules as default exports only.
  const { EnvHttpProxyAgent, Pool } = (await import('undici')).default;
  /** If a proxy closes the connection on CONNECT, undici treats that as temporary and reconnects thousands of times. */
  class TunnelPool extends Pool {
    override connect = async (request: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> => {
      try {
        return await super.connect(request);
      } catch {
        throw Object.assign(new Error('no tunnel'), { code: 'ERR_PROXY_TUNNEL' });
      }
    };
  }
  return new EnvHttpProxyAgent({
    ...limitsOf(options),
    proxyTls: { timeout: Math.min(maxConnectMs, options.timeoutMs) },
    clientFactory: (origin, pool) => new TunnelPool(origin, { ...pool, headersTimeout: options.timeoutMs }),
    httpProxy: proxy.url,
    httpsProxy: proxy.url,
    noProxy: proxy.exceptions,
  });
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

/** The same dispatcher, which reports the `Date` header of every answer. */
export function withDateHeader(dispatcher: Dispatcher, onDate: (date: string) => void): Dispatcher {
  return dispatcher.compose((dispatch) => (options, handler) => dispatch(options, dating(handler, onDate)));
}
