import { once, setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UsageError } from '../domain/errors.ts';
import { answerApi, type ApiRoute, apiRoutes } from './answer-api.ts';
import { selfSignedCertificate } from './certificate.ts';
import { type HttpAnswer, jsonBody, refused, sendAnswer, textBody } from './http-answer.ts';
import type { SandboxOptions, ScriptedFault } from './options.ts';
import type { SimulatedStatus } from './regions.ts';
import { readBody, readParameters } from './request.ts';
import { createState, type SandboxState, statsOf } from './state.ts';
import type { SandboxStats } from './stats.ts';

/** A running CaptchaAI-compatible service on 127.0.0.1. */
export interface Sandbox {
  /** Without a trailing slash. */
  readonly url: string;
  stats(): SandboxStats;
  /** Adds a fault to the script. Throws `UsageError` for an invalid mode. */
  script(fault: ScriptedFault): void;
  /** Throws `UsageError` for an unknown region. */
  setRegion(name: string, status: SimulatedStatus): void;
  /** From now on this is the only valid key; null accepts every key. */
  setKey(key: string | null): void;
  /** Closes all connections, hanging ones included, and all timers. */
  close(): Promise<void>;
}

const paths = '/in.php, /res.php, /solve.php, /_stats, /_key, /regions/NAME/health';

const text = (status: number, body: string): HttpAnswer => textBody(status, 'text/plain; charset=utf-8', body);

/** A request above the size limit gets the same answer as one with an oversized image. */
async function answerRoute(route: ApiRoute, parts: { request: IncomingMessage; query: string }, state: SandboxState) {
  const { request, query } = parts;
  const body = await readBody(request);
  const contentType = request.headers['content-type'] ?? '';
  const parameters = readParameters({ query, contentType, body: body ?? new Uint8Array() });
  const answer = body === null ? () => refused('ERROR_TOO_BIG_CAPTCHA_FILESIZE') : route.answer;
  return answerApi({ ...route, answer }, parameters, state);
}

/** Lets a page of any origin send its request; `header_acao=1` then lets it read the answer. */
function preflightAnswer({ headers }: IncomingMessage): HttpAnswer {
  const allowed = {
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
    'Access-Control-Allow-Headers': headers['access-control-request-headers'] ?? '*',
    'Access-Control-Max-Age': '86400',
  };
  return { type: 'body', status: 204, headers: allowed, body: '' };
}

/** The key of a rotation. It is in the body, so that it is in no log of URLs. */
async function changeKey(request: IncomingMessage, state: SandboxState): Promise<HttpAnswer> {
  const { method: verb, headers } = request;
  const contentType = headers['content-type'] ?? '';
  const body = verb === 'POST' ? await readBody(request) : null;
  const { values } = readParameters({ query: '', contentType, body: body ?? new Uint8Array() });
  const key = (values['key'] ?? '').trim();
  if (key === '') return jsonBody(400, { error: 'POST the new key as the form field key' });
  state.key = key;
  return jsonBody(200, { changed: true });
}

/** Some clients send an image in the query. */
const maxHeaderBytes = 2 * 1024 * 1024;

async function answerTo(request: IncomingMessage, state: SandboxState): Promise<HttpAnswer> {
  const { method: verb = 'GET', url = '/' } = request;
  // A client with a proxy sends the host in the request line.
  const [, path = '', query = ''] = /^(?:https?:\/\/[^/?]*)?([^?]*)\??(.*)$/i.exec(url) ?? [];
  const route = path === '/solve.php' && !state.settings.solvePhp ? undefined : apiRoutes.get(path);
  if (route !== undefined && verb === 'OPTIONS') return preflightAnswer(request);
  if (route !== undefined && verb !== 'GET' && verb !== 'POST') return text(405, 'Use GET or POST.');
  if (route !== undefined) return answerRoute(route, { request, query }, state);
  if (path === '/_key') return changeKey(request, state);
  if (path === '/_stats') return jsonBody(200, statsOf(state));
  const notFound = `Not found. This is the captcha sandbox; its endpoints are ${paths}.`;
  return state.regions.answer(verb, path, query) ?? text(404, notFound);
}

function newServer({ quirks }: SandboxState, listener: RequestListener): Server {
  const options = { maxHeaderSize: maxHeaderBytes };
  if (!quirks.has('self-signed')) return createServer(options, listener);
  return process.getBuiltinModule('node:https').createServer({ ...options, ...selfSignedCertificate() }, listener);
}

function serve(state: SandboxState): Server {
  const server = newServer(state, (request, response) => {
    answerTo(request, state)
      .catch((error: unknown) => (state.closing.aborted ? null : text(500, `The sandbox failed: ${String(error)}`)))
      .then((answer) => answer && sendAnswer(response, answer))
      .catch(() => response.destroy());
  });
  // Longer than any poll interval: closing a connection just as a client reuses it would look like a fault.
  server.keepAliveTimeout = 65_000;
  return server;
}

async function listen(server: Server, port: number): Promise<string> {
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!['EADDRINUSE', 'EACCES'].includes(code)) throw error;
    throw new UsageError(`port ${port} cannot be opened (${code})`, 'Use another port; 0 means any free port.');
  }
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Starts a sandbox. Throws `UsageError` for an invalid option or a port in use. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const closing = new AbortController();
  // Every task with a waiting client adds a listener.
  setMaxListeners(0, closing.signal);
  const state = createState(options, closing.signal);
  const server = serve(state);
  const scheme = state.quirks.has('self-signed') ? 'https' : 'http';
  const url = `${scheme}://${await listen(server, state.settings.port)}`;
  const close = async (): Promise<void> => {
    if (closing.signal.aborted) return;
    closing.abort();
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return {
    url,
    stats: () => statsOf(state),
    script: (fault) => state.faults.script(fault),
    setKey: (key) => {
      state.key = key;
    },
    setRegion: (name, status) => state.regions.setStatus(name, status),
    close,
  };
}
