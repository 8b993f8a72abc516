import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type HttpCall, HttpCallHandler } from '../../../src/adapters/http/http-call.ts';
import type { Fault } from '../../../src/domain/fault.ts';
import {
  clientOf,
  faultOf,
  soon,
  startAnswering,
  startRaw,
  startService,
  task,
  unusedUrl,
} from './scripted-service.ts';

const quick = { timeLeftMs: 500 };

/** The faults of a submission and of a poll with the same answer, by the events on the connection. */
async function rawFaults(onRequest: (socket: Socket) => void, limits = soon): Promise<readonly [Fault, Fault, number]> {
  const service = await startRaw(onRequest);
  const client = clientOf(service);
  const submit = await faultOf(client.submit(task, limits));
  const submissions = service.received.length;
  return [submit, await faultOf(client.poll('1', limits)), submissions];
}

const halfAnswer = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"status":1,';

describe('the answer of a submission is lost', () => {
  it.each<[string, (socket: Socket) => void]>([
    ['the connection is reset', (socket) => socket.resetAndDestroy()],
    ['the connection is closed without an answer', (socket) => socket.end()],
    ['the answer stops half-way', (socket) => socket.end(halfAnswer)],
    ['the answer is reset half-way', (socket) => socket.write(halfAnswer, () => socket.resetAndDestroy())],
    ['the answer is not HTTP', (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')],
    [
      'a chunk of the answer is malformed',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'),
    ],
  ])('when %s; it is sent once', async (_name, onRequest) => {
    const [submit, poll, submissions] = await rawFaults(onRequest);
    expect(submit).toMatchObject({ kind: 'transport', answerLost: true, code: null });
    expect(poll).toMatchObject({ kind: 'transport', answerLost: false });
    expect(submissions).toBe(1);
  });

  it.each<[string, (socket: Socket) => void]>([
    ['nothing comes', () => undefined],
    ['the headers do not end', (socket) => socket.write('HTTP/1.1 200 OK\r\nX-A: 1\r\n')],
    ['the body does not end', (socket) => socket.write(halfAnswer)],
  ])('when the timeout ends while %s', async (_name, onRequest) => {
    const [submit, poll, submissions] = await rawFaults(onRequest, quick);
    expect(submit).toMatchObject({ kind: 'timeout', answerLost: true });
    expect(poll).toMatchObject({ kind: 'timeout', answerLost: false });
    expect(submissions).toBe(1);
  });

  it.each([200, 204, 500, 502, 504, 520])('when HTTP %i comes without an understandable body', async (status) => {
    const client = clientOf(await startAnswering({ status, body: status === 204 ? '' : '<html>' }));
    expect(await faultOf(client.submit(task, soon))).toMatchObject({ kind: 'transport', answerLost: true });
    expect(await faultOf(client.poll('1', soon))).toMatchObject({ kind: 'transport', answerLost: false });
    expect(await faultOf(client.balance())).toMatchObject({ kind: 'transport', answerLost: false });
  });

  it.each(['{"status":1,"request":"no id here"}', '{"status":1,"requ', '12345', 'CAPCHA_NOT_READY'])(
    'when %s comes, without an id',
    async (body) => {
      expect(await faultOf(clientOf(await startAnswering({ body })).submit(task, soon))).toMatchObject({
        answerLost: true,
      });
    },
  );

  it('when it is cancelled in flight', async () => {
    const controller = new AbortController();
    const service = await startService(() => controller.abort());
    const limits = { timeLeftMs: 10_000, signal: controller.signal };
    expect(await faultOf(clientOf(service).submit(task, limits))).toMatchObject({
      kind: 'transport',
      answerLost: true,
    });
  });

  it('when the client is closed while it is in flight', async () => {
    const service = await startService(() => void client.close());
    const client = clientOf(service);
    expect(await faultOf(client.submit(task, soon))).toMatchObject({ kind: 'transport', answerLost: true });
  });
});

describe('the answer of a submission is not lost', () => {
  it('when nothing listens', async () => {
    const client = clientOf({ url: await unusedUrl() });
    const fault = await faultOf(client.submit(task, soon));
    expect(fault).toMatchObject({ kind: 'transport', answerLost: false });
    expect(fault.message).toMatch(/^The request to 127\.0\.0\.1:\d+ failed: the connection was refused\.$/);
    expect(client.requestCount()).toBe(0);
  });

  it('when TLS cannot be established', async () => {
    const { url } = await startRaw((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const client = clientOf({ url: url.replace('http:', 'https:') });
    expect(await faultOf(client.submit(task, soon))).toMatchObject({ kind: 'transport', answerLost: false });
  });

  it('when the peer disconnects during the TLS handshake', async () => {
    const { url } = await startRaw((socket) => socket.resetAndDestroy());
    const client = clientOf({ url: url.replace('http:', 'https:') });
    expect(await faultOf(client.submit(task, soon))).toMatchObject({ kind: 'transport', answerLost: false });
  });

  it('when the timeout ends during the TLS handshake', async () => {
    const { url } = await startRaw(() => undefined);
    const client = clientOf({ url: url.replace('http:', 'https:') });
    expect(await faultOf(client.submit(task, quick))).toMatchObject({ kind: 'timeout', answerLost: false });
  });

  it.each([301, 307, 400, 403, 404, 408, 413, 429, 503])('when HTTP %i comes', async (status) => {
    const client = clientOf(await startAnswering({ status, body: '<html>' }));
    expect(await faultOf(client.submit(task, soon))).toMatchObject({ answerLost: false });
  });

  it.each([200, 400, 500, 503])('when a known code comes with HTTP %i', async (status) => {
    const client = clientOf(await startAnswering({ status, body: 'ERROR_SERVER_ERROR' }));
    expect(await faultOf(client.submit(task, soon))).toMatchObject({ code: 'ERROR_SERVER_ERROR', answerLost: false });
  });

  it.each([
    ['the time is over before it starts', { timeLeftMs: 0 }, 'timeout'],
    ['the time was over long ago', { timeLeftMs: -5 }, 'timeout'],
    ['it was cancelled before', { timeLeftMs: 1_000, signal: AbortSignal.abort() }, 'transport'],
  ])('when %s: it is not sent', async (_name, limits, kind) => {
    const service = await startAnswering({ body: 'OK|1' });
    expect(await faultOf(clientOf(service).submit(task, limits))).toMatchObject({ kind, answerLost: false });
    expect(service.received).toEqual([]);
  });

  it('when it is aborted while it waits for a connection: it is not sent later either', async () => {
    const held: (() => void)[] = [];
    const service = await startService((_request, response) => held.push(() => response.end('OK|1')));
    const client = clientOf(service, { connections: 1 });
    const controller = new AbortController();
    const ahead = client.submit(task, soon);
    await expect.poll(() => held).toHaveLength(1);
    const timedOut = faultOf(client.submit(task, { timeLeftMs: 30 }));
    const cancelled = faultOf(client.submit(task, { timeLeftMs: 10_000, signal: controller.signal }));
    controller.abort();
    expect(await timedOut).toMatchObject({ kind: 'timeout', answerLost: false });
    expect(await cancelled).toMatchObject({ kind: 'transport', answerLost: false });
    held[0]?.();
    expect(await ahead).toBe('1');
    expect(service.received).toHaveLength(1);
    expect(client.requestCount()).toBe(1);
  });
});

describe('HttpCallHandler', () => {
  const controller = {
    aborted: false,
    paused: false,
    reason: null,
    abort: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
  };

  async function exchangeAfter(code: string, sent: boolean): Promise<HttpCall> {
    return new Promise((resolve) => {
      const handler = new HttpCallHandler(resolve);
      if (sent) handler.onRequestStart(controller);
      handler.onResponseError(controller, Object.assign(new Error(`secret text of ${code}`), { code }));
    });
  }

  it.each([
    ['ENOTFOUND', 'transport', 'the host name is unknown'],
    ['EAI_AGAIN', 'transport', 'the host name could not be resolved (temporary DNS failure)'],
    ['ECONNREFUSED', 'transport', 'the connection was refused'],
    ['UND_ERR_CONNECT_TIMEOUT', 'timeout', 'no connection in time'],
    ['ETIMEDOUT', 'timeout', 'no connection in time'],
    ['CERT_HAS_EXPIRED', 'transport', 'its certificate has expired'],
    ['not a code', 'transport', 'unknown error'],
  ])('knows that nothing was sent before %s', async (code, kind, why) => {
    expect(await exchangeAfter(code, false)).toEqual({ type: 'broken', kind, why, maybeSent: false });
  });

  it.each([
    ['UND_ERR_SOCKET', 'transport'],
    ['ECONNRESET', 'transport'],
    ['EPIPE', 'transport'],
    ['HPE_INVALID_CONSTANT', 'transport'],
    ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
    ['UND_ERR_BODY_TIMEOUT', 'timeout'],
    ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'transport'],
  ])('does not know the outcome of a request after %s', async (code, kind) => {
    expect(await exchangeAfter(code, true)).toMatchObject({ type: 'broken', kind, maybeSent: true });
  });

  it('keeps a request from being written a second time', () => {
    const handler = new HttpCallHandler(() => undefined);
    handler.onRequestStart(controller);
    expect(() => handler.onRequestStart(controller)).toThrow();
  });
});
