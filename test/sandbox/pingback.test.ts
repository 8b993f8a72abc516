import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { latencyMs, runSandbox, turnstile } from './running-sandbox.ts';

async function runReceiver() {
  const calls: { verb: string | undefined; url: URL }[] = [];
  const server = createServer((request, response) => {
    calls.push({ verb: request.method, url: new URL(request.url ?? '', 'http://receiver') });
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const called = async () => {
    if (calls.length === 0) await once(server, 'request');
    return calls[0];
  };
  return { address: `http://127.0.0.1:${port}/done?secret=s`, calls, called };
}

describe('a pingback', () => {
  it('sends id and solution once the task is solved', async () => {
    const { address, calls, called } = await runReceiver();
    const { submit, json, clock } = await runSandbox();
    const id = await submit({ ...turnstile, pingback: address });
    expect(calls).toHaveLength(0);
    clock.advance(latencyMs);
    const call = await called();
    const { request } = await json('/res.php', { action: 'get', id });
    expect(call?.verb).toBe('GET');
    expect(Object.fromEntries(call?.url.searchParams ?? [])).toEqual({ secret: 's', id, code: request });
  });

  it('sends the code of a task that failed', async () => {
    const { address, called } = await runReceiver();
    const { submit, clock } = await runSandbox();
    await submit({ ...turnstile, sitekey: 'sandbox-unsolvable', pingback: address });
    clock.advance(latencyMs);
    expect((await called())?.url.searchParams.get('code')).toBe('ERROR_CAPTCHA_UNSOLVABLE');
  });

  it.each(['http://192.0.2.1/', 'http://127.0.0.1.example.com/', 'https://127.0.0.1/', 'ftp://127.0.0.1/', 'nonsense'])(
    'to %s is not sent but counted',
    async (pingback) => {
      const { sandbox, submit } = await runSandbox();
      await submit({ ...turnstile, pingback });
      expect(sandbox.stats()).toMatchObject({ accepted: 1, pingbackRefused: 1 });
    },
  );

  it('is sent twice by a quirk', async () => {
    const { address, calls, called } = await runReceiver();
    const { submit, clock } = await runSandbox({ quirks: ['pingback-twice'] });
    await submit({ ...turnstile, pingback: address });
    clock.advance(latencyMs);
    await called();
    while (calls.length < 2) await new Promise(setImmediate);
    expect(calls[1]).toEqual(calls[0]);
  });

  it('is not sent by a quirk', async () => {
    const { address, calls, called } = await runReceiver();
    const { sandbox, submit, clock } = await runSandbox({ quirks: ['pingback-drop'] });
    await submit({ ...turnstile, pingback: address });
    clock.advance(latencyMs);
    // The receiver works: a call of this test arrives, and is the only one.
    await Promise.all([called(), fetch(address)]);
    expect(calls).toHaveLength(1);
    expect(sandbox.stats()).toMatchObject({ pingbackRefused: 0 });
  });

  it('to a port without a listener is ignored', async () => {
    const { sandbox, submit, clock } = await runSandbox();
    await submit({ ...turnstile, pingback: 'http://127.0.0.1:1/' });
    clock.advance(latencyMs);
    await submit();
    expect(sandbox.stats()).toMatchObject({ accepted: 2, pingbackRefused: 0 });
  });
});
