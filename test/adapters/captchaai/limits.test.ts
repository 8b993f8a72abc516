import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { clientOf, faultOf, soon, startAnswering, startRaw, startService, task } from './scripted-service.ts';

const mebibyte = 1024 * 1024;
/** Longer than a test may take. */
const hourMs = 3_600_000;

describe('an answer', () => {
  it('of 1 MiB is read', async () => {
    const client = clientOf(await startAnswering({ body: `OK|${'x'.repeat(mebibyte - 3)}` }));
    const answer = await client.poll('1', soon);
    expect(answer).toMatchObject({ ready: true });
    expect(answer.ready && answer.solution.text).toHaveLength(mebibyte - 3);
  });

  it.each<[string, Record<string, string>]>([
    ['announced', { 'content-length': String(mebibyte + 1) }],
    ['unannounced', { 'transfer-encoding': 'chunked' }],
  ])('above 1 MiB (%s) is truncated, and lost', async (_name, headers) => {
    const client = clientOf(await startAnswering({ headers, body: `OK|${'1'.repeat(mebibyte - 2)}` }));
    expect(await faultOf(client.submit(task, soon))).toMatchObject({ kind: 'transport', answerLost: true });
    expect(await faultOf(client.poll('1', soon))).toMatchObject({ kind: 'transport', answerLost: false });
  });

  it('without an end does not fill the memory', async () => {
    let sentBytes = 0;
    const service = await startRaw((socket) => {
      const chunk = 'x'.repeat(65_536);
      const pump = (): void => {
        while (!socket.destroyed && socket.write(chunk)) sentBytes += chunk.length;
      };
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.on('drain', pump);
      pump();
    });
    const fault = await faultOf(clientOf(service).submit(task, soon));
    expect(fault).toMatchObject({ kind: 'transport', answerLost: true });
    expect(fault.message).toContain('too big');
    expect(sentBytes).toBeLessThan(32 * mebibyte);
  });
});

describe('connections', () => {
  it('never exceed the limit, however many polls wait', async () => {
    const service = await startService((_request, response) => setImmediate(() => response.end('CAPCHA_NOT_READY')));
    const client = clientOf(service, { connections: 8 });
    const answers = await Promise.all(Array.from({ length: 500 }, (_, index) => client.poll(String(index), soon)));
    expect(answers).toHaveLength(500);
    expect(service.received).toHaveLength(500);
    expect(service.connections.highest).toBe(8);
    expect(service.connections.accepted).toBe(8);
  });

  it('are kept and reused, also after an error answer', async () => {
    const service = await startAnswering(({ url }) =>
      url === '/in.php' ? { status: 502, body: '<html>' } : { body: 'OK|1' },
    );
    const client = clientOf(service, { connections: 1 });
    for (let index = 0; index < 5; index += 1) {
      await faultOf(client.submit(task, soon));
      await client.poll('1', soon);
    }
    expect(service.connections.accepted).toBe(1);
  });

  it('of aborted requests are free for the next', async () => {
    const service = await startService(({ url }, response) => {
      if (url === '/in.php') response.end('OK|2');
    });
    const client = clientOf(service, { connections: 1 });
    expect(await faultOf(client.poll('1', { timeLeftMs: 50 }))).toMatchObject({ kind: 'timeout' });
    expect(await client.submit(task, soon)).toBe('2');
  });
});

describe('the time of a call', () => {
  it.each([
    ['the call', { timeLeftMs: 100 }, hourMs],
    ['the client', { timeLeftMs: hourMs }, 100],
    ['the client, where the call has none,', { timeLeftMs: Infinity }, 100],
  ])('is limited by %s, and is not shorter', async (_name, limits, timeoutMs) => {
    const client = clientOf(await startRaw(() => undefined), { timeoutMs });
    const startedAtMs = performance.now();
    expect(await faultOf(client.poll('1', limits))).toMatchObject({ kind: 'timeout' });
    expect(performance.now() - startedAtMs).toBeGreaterThan(95);
  });

  it('includes an answer that arrives slowly', async () => {
    const service = await startRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n');
      const timer = setInterval(() => socket.write('x'), 10);
      socket.on('close', () => clearInterval(timer));
    });
    expect(await faultOf(clientOf(service).poll('1', { timeLeftMs: 120 }))).toMatchObject({ kind: 'timeout' });
  });
});

describe('a signal', () => {
  it('aborts all calls at once, waiting ones included, and keeps no listener', async () => {
    const controller = new AbortController();
    const service = await startService(() => {
      if (service.received.length === 2) controller.abort();
    });
    const client = clientOf(service, { connections: 2 });
    const limits = { timeLeftMs: hourMs, signal: controller.signal };
    const faults = await Promise.all(Array.from({ length: 30 }, () => faultOf(client.poll('1', limits))));
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(['transport']));
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    expect(service.received).toHaveLength(2);
  });

  it('that never aborts keeps no listener, and causes no warning about many', async () => {
    const warnings: Error[] = [];
    const listener = (warning: Error): void => void warnings.push(warning);
    process.on('warning', listener);
    const { signal } = new AbortController();
    const client = clientOf(await startAnswering({ body: 'OK|t' }));
    await Promise.all(Array.from({ length: 100 }, () => client.poll('1', { timeLeftMs: 10_000, signal })));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listener);
    expect(warnings).toEqual([]);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});
