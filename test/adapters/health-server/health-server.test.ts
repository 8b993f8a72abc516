import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type AnswerHealth, startHealthServer } from '../../../src/adapters/health-server/health-server.ts';

const answer: AnswerHealth = (path) =>
  path === '/health' ? { status: 200, contentType: 'application/json', body: '{"status":"healthy"}' } : null;

async function served() {
  const server = await startHealthServer({ host: '127.0.0.1', port: 0 }, answer);
  onTestFinished(() => server.close());
  return server.url;
}

describe('the health server', () => {
  it('sends the given answer, uncached, with any query string', async () => {
    const response = await fetch(`${await served()}/health?verbose`);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({ status: 'healthy' });
  });

  it.each([
    ['GET', '/nothing', 404],
    ['POST', '/health', 405],
    ['HEAD', '/health', 200],
  ])('answers %s %s with %i', async (method, path, status) => {
    expect((await fetch(`${await served()}${path}`, { method })).status).toBe(status);
  });

  it('keeps a bounded number of connections, and answers however many are idle', async () => {
    const url = new URL(await served());
    const idle = Array.from({ length: 200 }, () => connect(Number(url.port), url.hostname));
    onTestFinished(() => idle.forEach((socket) => socket.destroy()));
    let closed = 0;
    for (const socket of idle) socket.on('error', () => undefined).on('close', () => (closed += 1));
    await expect.poll(() => closed).toBe(200 - 64);
    expect((await fetch(`${url.origin}/health`)).status).toBe(200);
  });

  it('names the option for another port if its own is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const starting = startHealthServer({ host: '127.0.0.1', port }, answer);
    await expect(starting).rejects.toMatchObject({
      name: 'UsageError',
      message: `the health port 127.0.0.1:${port}: address already in use`,
    });
  });
});
