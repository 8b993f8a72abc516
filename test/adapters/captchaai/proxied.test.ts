import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { clientOf, faultOf, soon, startAnswering, startRaw, task } from './scripted-service.ts';

/** Never resolved here: only the proxy knows its address. */
const baseUrl = 'http://solver.example.test';

interface TestProxy {
  readonly url: string;
  /** Targets of CONNECT, and the credentials that came with them. */
  readonly asked: { target: string; authorization: string | undefined }[];
}

/** A plain CONNECT proxy on loopback that connects every tunnel to `target`; `refuse` answers with a status instead. */
async function startProxy(target: string, refuse: number | null = null): Promise<TestProxy> {
  const asked: TestProxy['asked'] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => void sockets.add(socket.on('error', () => undefined));
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connection', keep);
  server.on('connect', (request, socket: Socket, head) => {
    asked.push({ target: request.url ?? '', authorization: request.headers['proxy-authorization'] });
    if (refuse !== null) {
      socket.end(`HTTP/1.1 ${refuse} No\r\n\r\n`);
      return;
    }
    const upstream = connect(Number(new URL(target).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    keep(upstream);
    upstream.on('close', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

describe('a proxy', () => {
  it.each(['HTTP_PROXY', 'http_proxy'])('is used if %s names one, with its credentials', async (name) => {
    const service = await startAnswering({ body: 'OK|7' });
    const proxy = await startProxy(service.url);
    const env = { [name]: proxy.url.replace('//', '//user:p%40ss@') };
    const client = clientOf({ url: baseUrl }, { env, connections: 1 });
    expect(await client.submit(task, soon)).toBe('7');
    expect(await client.submit(task, soon)).toBe('7');
    const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
    expect(proxy.asked).toEqual([{ target: 'solver.example.test:80', authorization }]);
    expect(service.received.map(({ method, url, headers }) => [method, url, headers.host])).toEqual([
      ['POST', '/in.php', 'solver.example.test'],
      ['POST', '/in.php', 'solver.example.test'],
    ]);
  });

  it('gets a tunnel request for https as well', async () => {
    const proxy = await startProxy('', 403);
    const client = clientOf({ url: 'https://solver.example.test' }, { env: { HTTPS_PROXY: proxy.url } });
    await faultOf(client.submit(task, soon));
    expect(proxy.asked.map(({ target }) => target)).toEqual(['solver.example.test:443']);
  });

  it('is not used for loopback', async () => {
    const service = await startAnswering({ body: 'OK|7' });
    const proxy = await startProxy(service.url);
    const env = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url };
    expect(await clientOf(service, { env }).submit(task, soon)).toBe('7');
    expect(await clientOf({ url: service.url.replace('127.0.0.1', 'localhost') }, { env }).submit(task, soon)).toBe(
      '7',
    );
    expect(proxy.asked).toEqual([]);
  });

  it('is not used for a host in NO_PROXY', async () => {
    const service = await startAnswering({ body: 'OK|7' });
    const proxy = await startProxy(service.url);
    // This machine, by an address that is not loopback.
    const direct = { url: service.url.replace('127.0.0.1', '0.0.0.0') };
    const env = { HTTP_PROXY: proxy.url };
    expect(await clientOf(direct, { env: { ...env, NO_PROXY: 'other.test,0.0.0.0' } }).submit(task, soon)).toBe('7');
    expect(proxy.asked).toEqual([]);
    expect(await clientOf(direct, { env: { ...env, NO_PROXY: 'other.test' } }).submit(task, soon)).toBe('7');
    expect(proxy.asked).toHaveLength(1);
  });

  it.each([403, 407, 502])(
    'that refuses the tunnel with %i is a transport fault, and nothing was sent',
    async (status) => {
      const proxy = await startProxy('', status);
      const client = clientOf({ url: baseUrl }, { env: { HTTP_PROXY: proxy.url } });
      const fault = await faultOf(client.submit(task, soon));
      expect(fault).toMatchObject({ kind: 'transport', answerLost: false });
      expect(fault.message).toContain('the proxy refused the tunnel');
      expect(proxy.asked).toHaveLength(1);
    },
  );

  it('that does not listen is said to be the cause', async () => {
    const proxy = await startProxy('');
    const env = { HTTP_PROXY: proxy.url.replace(/\d+$/, '9') };
    const fault = await faultOf(clientOf({ url: baseUrl }, { env }).submit(task, soon));
    expect(fault).toMatchObject({ kind: 'transport', answerLost: false });
    expect(fault.message).toContain('the proxy does not listen (connection refused)');
  });

  it('gets a user without a password', async () => {
    const service = await startAnswering({ body: 'OK|7' });
    const proxy = await startProxy(service.url);
    const client = clientOf({ url: baseUrl }, { env: { HTTP_PROXY: proxy.url.replace('//', '//user@') } });
    expect(await client.submit(task, soon)).toBe('7');
    expect(proxy.asked).toMatchObject([{ authorization: `Basic ${Buffer.from('user:').toString('base64')}` }]);
  });

  it('that disconnects is tried once only', async () => {
    const proxy = await startRaw((socket) => socket.destroy());
    const client = clientOf({ url: baseUrl }, { env: { HTTP_PROXY: proxy.url } });
    expect(await faultOf(client.submit(task, soon))).toMatchObject({ kind: 'transport', answerLost: false });
    expect(proxy.received).toHaveLength(1);
  });

  it('that does not answer costs at most the timeout of the call, and nothing was sent', async () => {
    const proxy = await startRaw(() => undefined);
    const client = clientOf({ url: baseUrl }, { env: { HTTP_PROXY: proxy.url } });
    expect(await faultOf(client.submit(task, { timeLeftMs: 300 }))).toMatchObject({
      kind: 'timeout',
      answerLost: false,
    });
    expect(client.requestCount()).toBe(0);
  });

  it('does not hide that the service reset a submission, which is sent once', async () => {
    const service = await startRaw((socket) => socket.resetAndDestroy());
    const proxy = await startProxy(service.url);
    const client = clientOf({ url: baseUrl }, { env: { HTTP_PROXY: proxy.url } });
    expect(await faultOf(client.submit(task, soon))).toMatchObject({ kind: 'transport', answerLost: true });
    expect(service.received).toHaveLength(1);
  });
});
