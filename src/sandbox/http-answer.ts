import type { ServerResponse } from 'node:http';
import type { SandboxTask } from './task-store.ts';

/** How a request ends on the wire. */
export type HttpAnswer =
  | {
      readonly type: 'body';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string | Uint8Array;
    }
  /** The connection stays open and silent until the client or the sandbox closes it. */
  | { readonly type: 'hang' }
  /** The connection ends with a TCP reset. */
  | { readonly type: 'reset' };

/** A line of text. */
export function textBody(status: number, contentType: string, body: string): HttpAnswer {
  return { type: 'body', status, headers: { 'Content-Type': contentType }, body: `${body}\n` };
}

/** A JSON document. */
export function jsonBody(status: number, body: object): HttpAnswer {
  return textBody(status, 'application/json', JSON.stringify(body));
}

/** Sends an answer. */
export function sendAnswer(response: ServerResponse, answer: HttpAnswer): void {
  if (answer.type === 'hang') return;
  if (answer.type === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  response.statusCode = answer.status;
  response.setHeaders(new Map(Object.entries(answer.headers)));
  // A client waits for the final answer after a 1xx, so the connection is closed.
  if (answer.status < 200) response.setHeader('Connection', 'close');
  response.end(answer.body);
}

/** An error page like that of a proxy in front of the service. */
export function htmlPage(title: string): string {
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;
}

/** An endpoint's answer in both formats of the protocol. */
export interface Reply {
  readonly json: Readonly<Record<string, unknown>>;
  readonly plain: string;
  /** Replaces both formats. */
  readonly xml?: string;
  /** The tasks whose solutions it contains. */
  readonly collects: readonly SandboxTask[];
}

export function accepted(payload: unknown, plain: string): Reply {
  return { json: { status: 1, request: payload }, plain, collects: [] };
}

export function refused(code: string): Reply {
  return { json: { status: 0, request: code }, plain: code, collects: [] };
}
