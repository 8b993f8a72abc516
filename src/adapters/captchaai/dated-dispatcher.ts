import type { Dispatcher } from 'undici';

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
export function datedDispatcher(dispatcher: Dispatcher, onDate: (date: string) => void): Dispatcher {
  return dispatcher.compose((dispatch) => (options, handler) => dispatch(options, dating(handler, onDate)));
}
