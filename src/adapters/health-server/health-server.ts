import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { UsageError } from '../../domain/errors.ts';

/** The response to a GET request. */
export interface HealthAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface HealthPlace {
  readonly host: string;
  /** 0 selects a free port. */
  readonly port: number;
  /** The name of the port in errors, and what to do; left out, the health port of a worker. */
  readonly named?: { readonly what: string; readonly fix: string };
}

const healthPort = { what: 'the health port', fix: 'use another --health-port (0: any free port) or --health-host' };

export interface HealthServer {
  /** The listening address, as `http://HOST:PORT`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Answers immediately from known state: the client may have a short timeout, and must not delay the work. */
export type AnswerHealth = (path: string) => HealthAnswer | null;

/** Header and request timeout of health requests. */
const requestTimeoutMs = 5_000;
/** More than all monitors need at once. A further connection ends the oldest one, so that idle ones do not lock out others. */
const maxConnections = 64;

const placeFaults: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address already in use',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'this machine does not have this address',
  ENOTFOUND: 'unknown host',
};

function reply(request: IncomingMessage, response: ServerResponse, answer: AnswerHealth): void {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const path = (request.url ?? '/').replace(/\?.*/s, '');
  const missing: HealthAnswer = { status: 404, contentType: 'text/plain; charset=utf-8', body: 'not found\n' };
  const refused: HealthAnswer = { ...missing, status: 405, body: 'only GET\n' };
  const { status, contentType, body } = isRead ? (answer(path) ?? missing) : refused;
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function listen(server: Server, { host, port, named = healthPort }: HealthPlace): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = placeFaults[error.code ?? ''];
      reject(why === undefined ? error : new UsageError(`${named.what} ${host}:${port}: ${why}`, named.fix));
    });
    server.listen(port, host, resolve);
  });
}

function limitConnections(server: Server): void {
  /** Oldest first. */
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    const [oldest] = open;
    if (oldest !== undefined && open.size >= maxConnections) {
      open.delete(oldest);
      oldest.destroy();
    }
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
}

/** Starts a server on its own port. Throws `UsageError` if it cannot listen. */
export async function startHealthServer(place: HealthPlace, answer: AnswerHealth): Promise<HealthServer> {
  const server = createServer((request, response) => reply(request, response, answer));
  server.requestTimeout = requestTimeoutMs;
  server.headersTimeout = requestTimeoutMs;
  limitConnections(server);
  await listen(server, place);
  server.on('error', () => undefined);
  const { address, port } = server.address() as AddressInfo;
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
