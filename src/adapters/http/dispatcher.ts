import type { Dispatcher } from 'undici';
import type { Proxy } from './proxy.ts';
import { Agent } from './undici.ts';

export type { Dispatcher };

/** How connections are made. */
export interface ConnectionOptions {
  /** How many connections may be open at once. */
  readonly connections: number;
  /** The longest that any request may take. */
  readonly timeoutMs: number;
  /** Null connects directly. */
  readonly proxy: Proxy | null;
}

const maxConnectMs = 10_000;
/** Of an answer, packed and unpacked. */
export const maxAnswerBytes = 1024 * 1024;

/**
 * A dispatcher that never retries and never follows a redirect: undici does neither unless an interceptor is added,
 * and a submission that is repeated is paid twice.
 */
export async function openDispatcher(options: ConnectionOptions): Promise<Dispatcher> {
  return options.proxy === null ? new Agent(limitsOf(options)) : openProxied(options.proxy, options);
}

function limitsOf({ connections, timeoutMs }: ConnectionOptions): Agent.Options {
  return {
    connections,
    connect: { timeout: Math.min(maxConnectMs, timeoutMs) },
    maxResponseSize: maxAnswerBytes,
    // Every call has a timer of its own: undici's two more per request would only be in its way.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

async function openProxied(proxy: Proxy, options: ConnectionOptions): Promise<Dispatcher> {
  // A bundler that splits its output hands CommonJS modules over as default exports only.
  const { EnvHttpProxyAgent, Pool } = (await import('undici')).default;
  /** When a proxy hangs up on CONNECT, undici takes that for passing and connects again at once, thousands of times. */
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

/** Tells of the `Date` header, and passes everything on. */
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

/** The same dispatcher, which tells what the `Date` header of every answer says. */
export function withDateHeader(dispatcher: Dispatcher, onDate: (date: string) => void): Dispatcher {
  return dispatcher.compose((dispatch) => (options, handler) => dispatch(options, dating(handler, onDate)));
}
