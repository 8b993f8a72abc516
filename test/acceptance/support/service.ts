import { createServer, type RequestListener } from 'node:http';
import { createServer as createRawServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** One received request. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** The answer of a service. */
export interface Response {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Null sends no answer and keeps the connection open. */
export type Respond = (request: Received) => Response | null | Promise<Response | null>;

export interface Service {
  readonly url: string;
  readonly port: number;
  readonly received: readonly Received[];
  /** Number of accepted connections so far. */
  connections(): number;
  close(): Promise<void>;
}

/** Listens on a free port of loopback. */
export async function listen(server: Server): Promise<Omit<Service, 'received' | 'url'>> {
  const open = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    accepted += 1;
    socket.on('close', () => open.delete(socket)).on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: (server.address() as AddressInfo).port, connections: () => accepted, close };
}

/** Records every request before it is answered. */
export function recording(respond: Respond): { listener: RequestListener; received: readonly Received[] } {
  const received: Received[] = [];
  const listener: RequestListener = (request, response) => {
    void text(request).then(async (body) => {
      const { method = '', url = '', headers } = request;
      const seen = { method, url, headers, body };
      received.push(seen);
      const answer = await respond(seen);
      if (answer !== null) response.writeHead(answer.status ?? 200, { ...answer.headers }).end(answer.body);
    });
  };
  return { listener, received };
}

/** An HTTP service on loopback. */
export async function startService(respond: Respond): Promise<Service> {
  const { listener, received } = recording(respond);
  const listening = await listen(createServer(listener));
  return { ...listening, url: `http://127.0.0.1:${listening.port}`, received };
}

/**
 * A port of loopback without a listener. It is below the range from which the system takes ports for outgoing connections,
 * which could otherwise take it before the caller does.
 */
export async function unusedPort(): Promise<number> {
  const port = 20_000 + Math.floor(Math.random() * 12_000);
  const server = createRawServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
  return isFree ? port : unusedPort();
}
