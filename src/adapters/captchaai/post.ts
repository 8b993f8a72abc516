import type { Dispatcher } from 'undici';
import type { CallLimits } from '../../ports/solver-api.ts';
import { watchLimits } from './call-limits.ts';
import { ExchangeHandler, type Exchange } from './exchange.ts';

/** A POST of a form. */
export interface FormPost {
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

/** Sends a form, at most once, and reads the whole answer; resolves whatever happens. No redirect is followed. */
export function post(dispatcher: Dispatcher, { origin, path, body }: FormPost, limits: CallLimits): Promise<Exchange> {
  return new Promise((resolve) => {
    // A limit may already be reached, and end the exchange, while the watch is being set up.
    let stopWatch = (): void => {};
    const handler = new ExchangeHandler((exchange) => {
      stopWatch();
      resolve(exchange);
    });
    stopWatch = watchLimits(limits, (limit) => {
      if (limit === 'timeout') handler.giveUp('timeout', 'no answer in time');
      else handler.giveUp('transport', 'cancelled');
    });
    if (!handler.settled) dispatcher.dispatch({ origin, path, body, method: 'POST', headers }, handler);
  });
}
