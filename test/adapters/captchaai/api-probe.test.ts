import { describe, expect, it } from 'vitest';
import { probeApi } from '../../../src/adapters/captchaai/api-probe.ts';
import { key, type Scripted, type Service, startAnswering, startRaw, unusedUrl } from './scripted-service.ts';

const now = Date.UTC(2026, 10, 20, 12);

function request({ url }: Pick<Service, 'url'>, special: { key?: string | null; timeoutMs?: number } = {}) {
  const options = { key, timeoutMs: 5_000, proxy: null, errorKinds: {}, timestamp: () => now, ...special };
  return probeApi({ baseUrl: new URL(url), ...options });
}

const healthy = ({ action }: Readonly<Record<string, string>>): Scripted => ({
  headers: { date: 'Fri, 20 Nov 2026 11:59:50 GMT' },
  body: action === 'threadsinfo' ? '{"status":1,"threads":5,"working_threads":2}' : '{"status":1,"request":"12.5"}',
});

describe('a probe of the service', () => {
  it('sends several requests on one connection, with the key in POST bodies only', async () => {
    const service = await startAnswering(({ form }) => healthy(form));
    const answers = await request(service);
    expect(answers).toMatchObject({ fault: null, balance: 12.5, threads: { threads: 5, workingThreads: 2 } });
    expect(answers.roundTripsMs).toHaveLength(6);
    expect(service.connections.accepted).toBe(1);
    for (const { method, url, headers, form } of service.received) {
      expect({ method, url }).toEqual({ method: 'POST', url: '/res.php' });
      expect(JSON.stringify(headers)).not.toContain(key);
      expect(form['key']).toBe(key);
    }
  });

  it('reads the clock of the service from its Date header', async () => {
    const { clock } = await request(await startAnswering(({ form }) => healthy(form)));
    expect(clock?.serverAt).toBe(now - 10_000);
    expect(clock?.localAt).toBeLessThanOrEqual(now);
  });

  it.each(['', 'yesterday'])('has no clock if the header says "%s"', async (date) => {
    const service = await startAnswering(({ form }) => ({ ...healthy(form), headers: { date } }));
    expect((await request(service)).clock).toBeNull();
  });

  it('keeps the path of the base URL', async () => {
    const service = await startAnswering(({ form }) => healthy(form));
    await request({ url: `${service.url}/solver/` });
    expect(service.received[0]?.url).toBe('/solver/res.php');
  });

  it('stops after the key was refused', async () => {
    const service = await startAnswering({ body: 'ERROR_KEY_DOES_NOT_EXIST' });
    expect(await request(service)).toMatchObject({ fault: { kind: 'account' }, balance: null });
    expect(service.received).toHaveLength(1);
  });

  it('sends one request without a key', async () => {
    const service = await startAnswering({ body: 'ERROR_WRONG_USER_KEY' });
    const answers = await request(service, { key: null });
    expect(answers.roundTripsMs).toHaveLength(1);
    expect(service.received.map(({ form }) => form)).toEqual([{ action: 'getbalance', json: '1' }]);
  });

  it('accepts a service without threadsinfo', async () => {
    const service = await startAnswering(({ form }) =>
      form['action'] === 'threadsinfo' ? { body: 'ERROR_BAD_PARAMETERS' } : healthy(form),
    );
    expect(await request(service)).toMatchObject({ fault: null, balance: 12.5, threads: null });
  });

  it('keeps the answers so far when they stop', async () => {
    let count = 0;
    const service = await startAnswering(({ form }) => ((count += 1) > 3 ? { status: 502 } : healthy(form)));
    const answers = await request(service);
    expect(answers).toMatchObject({ balance: 12.5, fault: { kind: 'transport' } });
    expect(answers.roundTripsMs).toHaveLength(4);
  });

  it('returns a fault if nothing listens, nothing arrives, or the connection ends', async () => {
    expect(await request({ url: await unusedUrl() })).toMatchObject({ fault: { kind: 'transport' }, roundTripsMs: [] });
    expect(await request(await startRaw(() => undefined), { timeoutMs: 100 })).toMatchObject({
      fault: { kind: 'timeout' },
    });
    expect(await request(await startRaw((socket) => socket.destroy()))).toMatchObject({ fault: { kind: 'transport' } });
  });

  it('never repeats a key that an answer quotes', async () => {
    const service = await startAnswering({ status: 403, body: `no access for ${key}` });
    expect(JSON.stringify(await request(service))).not.toContain(key);
  });
});
