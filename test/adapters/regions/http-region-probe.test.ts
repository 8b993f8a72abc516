import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createRawServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createRegionProbe } from '../../../src/adapters/regions/region-probe.ts';
import type { Config } from '../../../src/config/schema.ts';
import { createConfiguredRegionProbe } from '../../../src/container/region-probe.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function serve(respond: RequestListener): Promise<string> {
  const server = createServer(respond);
  closers.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return listening(server);
}

async function serveRaw(answer: string): Promise<string> {
  const server = createRawServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(answer));
  });
  closers.push(() => server.close());
  return listening(server);
}

function openProbe() {
  const probe = createRegionProbe({ timeoutMs: 60_000, proxyFor: () => null });
  closers.push(() => probe.close());
  return probe;
}

const aNumber = expect.any(Number) as number;
const brokenOff = /^connection closed before the answer was complete$/;
const limits = { timeoutMs: 60_000 };
const look = (url: string, special = {}) => openProbe().probeRegion(url, { ...limits, ...special });
const health = '{"status":"healthy","activeWorkers":4,"queueDepth":7}';

describe('a serving region', () => {
  it('reports its health, with the latency', async () => {
    const url = await serve((_request, response) => response.end(health));
    expect(await look(url)).toEqual({
      answered: true,
      latencyMs: aNumber,
      answer: { status: 'healthy', activeWorkers: 4, queueDepth: 7 },
    });
  });

  it.each([200, 201, 299])('may answer with HTTP %d', async (status) => {
    const url = await serve((_request, response) => response.writeHead(status).end(health));
    expect(await look(url)).toMatchObject({ answered: true });
  });

  it('gets a GET at its path, on its own connection, without a key', async () => {
    const requests: IncomingMessage[] = [];
    const url = await serve((request, response) => {
      requests.push(request);
      response.end(health);
    });
    const probe = openProbe();
    await probe.probeRegion(`${url}/health?deep=1`, limits);
    await probe.probeRegion(`${url}/health?deep=1`, limits);
    expect(requests.map(({ method, url: path }) => `${method} ${path}`)).toEqual(Array(2).fill('GET /health?deep=1'));
    expect(requests[0]!.socket).not.toBe(requests[1]!.socket);
    expect(requests[0]!.headers).not.toHaveProperty('authorization');
  });

  it('may answer compressed without being asked', async () => {
    let asked: unknown;
    const url = await serve((request, response) => {
      asked = request.headers['accept-encoding'];
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(health));
    });
    expect(await look(url)).toMatchObject({ answered: true });
    expect(asked).toBe('identity');
  });

  it('gets the user and password of its URL as a header', async () => {
    let authorization: string | undefined;
    const url = await serve((request, response) => {
      ({ authorization } = request.headers);
      response.end(health);
    });
    await look(url.replace('//', '//me:a%3Ab@'));
    expect(authorization).toBe(`Basic ${Buffer.from('me:a:b').toString('base64')}`);
  });
});

describe('a region behind a proxy', () => {
  it('over plain HTTP is asked for without a tunnel', async () => {
    const asked: unknown[] = [];
    const proxy = await serve(({ method, url, headers }, response) => {
      asked.push([method, url, headers.host, headers['proxy-authorization']]);
      response.end(health);
    });
    const env = { HTTP_PROXY: proxy.replace('//', '//user:pw@') };
    const regions = [{ name: 'a', health: 'http://region.example.test:8080/health?deep=1' }];
    const config = { api: { baseUrl: 'http://127.0.0.1:9' }, regions, health: { timeoutMs: 60_000 } };
    const probe = createConfiguredRegionProbe(config as unknown as Config, env);
    closers.push(() => probe.close());
    expect(await probe.probeRegion(regions[0]!.health, limits)).toMatchObject({ answered: true });
    const login = `Basic ${Buffer.from('user:pw').toString('base64')}`;
    expect(asked).toEqual([['GET', regions[0]!.health, 'region.example.test:8080', login]]);
  });
});

describe('a region that does not serve', () => {
  it.each<[string, RequestListener, string]>([
    ['answers 503', (_, response) => response.writeHead(503).end(health), 'HTTP 503'],
    ['answers 404', (_, response) => response.writeHead(404).end(), 'HTTP 404'],
    [
      'redirects',
      (_, response) => response.writeHead(302, { location: '/login' }).end(),
      'HTTP 302, a redirect (not followed)',
    ],
    ['answers with a page', (_, response) => response.end('<html>'), 'HTTP 200 without a JSON object'],
    ['answers with nothing', (_, response) => response.writeHead(204).end(), 'HTTP 204 without a JSON object'],
    ['answers with a list', (_, response) => response.end('[]'), 'HTTP 200 without a JSON object'],
    [
      'answers packed, and cut off',
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(health).subarray(0, -9)),
      'HTTP 200 with a gzip body that is cut off',
    ],
    [
      'answers packed in a way that nobody here knows',
      (_, response) => response.writeHead(200, { 'content-encoding': 'zstd' }).end(Buffer.from([0x28, 0xb5, 0xff])),
      'HTTP 200 with a body with the unsupported encoding zstd',
    ],
    [
      'answers packed, with more than it may hold',
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(70_000))),
      'HTTP 200 with a gzip body larger than 64 KiB',
    ],
    [
      'answers without end',
      (_, response) => response.end(JSON.stringify({ a: 'x'.repeat(70_000) })),
      'HTTP 200 with more than 64 KiB',
    ],
  ])('%s', async (_name, respond, error) => {
    const result = await look(await serve(respond));
    expect(result).toEqual({ answered: false, latencyMs: aNumber, error });
  });

  it.each<[string, RequestListener]>([
    ['hangs', () => undefined],
    ['hangs in the middle of its body', (_, response) => void response.writeHead(200).write('{')],
  ])('%s: it is abandoned in time', async (_name, respond) => {
    const url = await serve(respond);
    expect(await look(url, { timeoutMs: 500 })).toMatchObject({
      answered: false,
      latencyMs: null,
      error: 'timed out after 500ms',
    });
  });

  it('refuses the connection', async () => {
    const server = createRawServer();
    const url = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    const refused = { answered: false, latencyMs: null, error: 'connection refused', nothingListens: true };
    expect(await look(url)).toEqual(refused);
  });

  it('has an unknown host name', async () => {
    const result = await look('http://no-such-host.invalid/health');
    expect(result).toMatchObject({
      answered: false,
      latencyMs: null,
      error: expect.stringMatching(/resolve/) as string,
    });
  });

  it('speaks plain HTTP where TLS is expected', async () => {
    const url = await serve((_request, response) => response.end(health));
    const result = await look(url.replace('http:', 'https:'));
    expect(result).toMatchObject({ answered: false, error: expect.stringMatching(/^TLS: /) as string });
  });

  it.each([
    ['hangs up', '', brokenOff],
    ['speaks something else', 'SSH-2.0-OpenSSH_9.6\r\n', 'not valid HTTP'],
    ['breaks off', 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{', brokenOff],
    ['breaks off in a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n63\r\n{', brokenOff],
    ['breaks off between chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n', brokenOff],
  ])('%s', async (_name, answer, error) => {
    const result = await look(await serveRaw(answer));
    expect(result).toMatchObject({ answered: false, error: expect.stringMatching(error) as string });
  });

  it('is not awaited when the probe is cancelled', async () => {
    const url = await serve(() => stop.abort());
    const stop = new AbortController();
    expect(await look(url, { signal: stop.signal })).toMatchObject({ answered: false, error: 'cancelled' });
    expect(await look(url, { signal: stop.signal })).toMatchObject({ answered: false, error: 'cancelled' });
  });
});

describe('the solving service', () => {
  it.each([
    [200, null],
    [404, null],
    [302, null],
    [503, 'HTTP 503'],
  ])('is reachable when it answers HTTP %d, with or without end', async (status, error) => {
    const url = await serve((_request, response) => void response.writeHead(status).write('x'));
    expect(await openProbe().probeApi(url, limits)).toEqual({ reachable: true, latencyMs: aNumber, error });
  });

  it('is not reachable without an answer', async () => {
    const url = await serve(() => undefined);
    const reach = await openProbe().probeApi(url, { timeoutMs: 100 });
    expect(reach).toEqual({ reachable: false, latencyMs: null, error: 'timed out after 100ms' });
  });
});

describe('closing', () => {
  it('aborts connections in every state', async () => {
    const open = new Set<Socket>();
    const server = createRawServer((socket) => {
      open.add(socket);
      socket
        .on('close', () => open.delete(socket))
        .on('error', () => undefined)
        .resume();
    });
    closers.push(() => server.close());
    const url = await listening(server);
    for (let turns = 0; turns < 60; turns += 1) {
      const probe = createRegionProbe({ timeoutMs: 60_000, proxyFor: () => null });
      const stop = new AbortController();
      const looks = [1, 2, 3].map(() => probe.probeRegion(url, { timeoutMs: 60_000, signal: stop.signal }));
      for (let turn = 0; turn < turns % 12; turn += 1) await (turn % 2 === 0 ? setImmediate() : Promise.resolve());
      stop.abort();
      await Promise.all(looks);
      await probe.close();
    }
    await expect.poll(() => open.size).toBe(0);
  });
});

describe('a connection through a proxy', () => {
  it('is opened once for all its users, and only for them', async () => {
    const asked: string[] = [];
    let opened = 0;
    const url = await serve((_request, response) => response.end(health));
    const direct = createRegionProbe({
      timeoutMs: 60_000,
      proxyFor: ({ hostname }) => {
        asked.push(hostname);
        if (hostname === '127.0.0.1') return null;
        const open = async () => {
          opened += 1;
          return {
            dispatch: (_: unknown, handler: { onResponseError(c: null, e: Error): void }) =>
              handler.onResponseError(null, Object.assign(new Error(), { code: 'ERR_PROXY_TUNNEL' })),
            destroy: async () => undefined,
          } as never;
        };
        return { url: 'http://proxy:3128', open };
      },
    });
    closers.push(() => direct.close());
    expect(await direct.probeRegion(url, limits)).toMatchObject({ answered: true });
    const far = ['http://far.example/health', 'http://further.example/health'];
    for (const each of far) {
      expect(await direct.probeRegion(each, limits)).toMatchObject({ error: 'the proxy closed the tunnel' });
    }
    expect({ asked, opened }).toEqual({ asked: ['127.0.0.1', 'far.example', 'further.example'], opened: 1 });
  });
});
