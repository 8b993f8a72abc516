import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createRawServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { type CaptchaAi, type CaptchaAiOptions, createCaptchaAi } from '../../../src/adapters/captchaai/client.ts';
import { type Fault, ProviderFault } from '../../../src/domain/fault.ts';
import type { Task } from '../../../src/domain/task.ts';

export const key = '0123456789abcdef0123456789abcdef';

export const task: Task = {
  taskId: 'task-1',
  method: 'turnstile',
  sitekey: '0x4AAA',
  pageurl: 'https://example.com/login',
  body: null,
  params: {},
  region: null,
  rule: null,
};

export const soon = { timeLeftMs: 120_000 };

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly form: Readonly<Record<string, string>>;
}

export interface Service {
  readonly url: string;
  readonly received: readonly Received[];
  /** Number of accepted connections, and maximum of open ones. */
  readonly connections: { accepted: number; highest: number };
}

export interface Scripted {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

async function listen(server: Server): Promise<{ url: string; connections: Service['connections'] }> {
  const open = new Set<Socket>();
  const connections = { accepted: 0, highest: 0 };
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    connections.accepted += 1;
    connections.highest = Math.max(connections.highest, open.size);
    socket.on('close', () => open.delete(socket)).on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections };
}

/** A service on loopback that records every complete request before `respond` runs. */
export async function startService(respond: (request: Received, response: ServerResponse) => void): Promise<Service> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { method = '', url = '', headers } = request;
      const form = Object.fromEntries(new URLSearchParams(body));
      const seen = { method, url, headers, text: body, form };
      received.push(seen);
      respond(seen, response);
    });
  });
  return { ...(await listen(server)), received };
}

/** A service with one answer to all requests, or one per `action`. */
export function startAnswering(answer: Scripted | ((request: Received) => Scripted)): Promise<Service> {
  return startService((request, response) => {
    const { status = 200, headers = {}, body = '' } = typeof answer === 'function' ? answer(request) : answer;
    response.writeHead(status, { 'content-type': 'text/html; charset=UTF-8', ...headers }).end(body);
  });
}

/** A server below HTTP: `onRequest` gets the socket once it has received something. */
export async function startRaw(onRequest: (socket: Socket) => void): Promise<Service> {
  const received: Received[] = [];
  const server = createRawServer((socket) => {
    socket.once('data', (chunk) => {
      received.push({ method: '', url: '', headers: {}, text: chunk.toString('latin1'), form: {} });
      onRequest(socket);
    });
  });
  return { ...(await listen(server)), received };
}

/** A URL of loopback without a listener. */
export async function unusedUrl(): Promise<string> {
  const server = createRawServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

/** A client of the service, closed when the test ends. */
export function clientOf({ url }: Pick<Service, 'url'>, special: Partial<CaptchaAiOptions> = {}): CaptchaAi {
  const client = createCaptchaAi({
    baseUrl: url,
    key,
    timeoutMs: 120_000,
    connections: 8,
    errorKinds: {},
    env: {},
    nowMs: () => Date.UTC(2026, 10, 20, 12),
    ...special,
  });
  onTestFinished(() => client.close());
  return client;
}

/** The error of a call; fails if it is not a `ProviderFault`. */
export async function providerFault(call: Promise<unknown>): Promise<ProviderFault> {
  const settled = await call.then(
    (value: unknown) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in settled && settled.error instanceof ProviderFault) return settled.error;
  throw new Error('not a ProviderFault', { cause: settled });
}

/** The fault of a call. */
export async function faultOf(call: Promise<unknown>): Promise<Fault> {
  return (await providerFault(call)).fault;
}
