import { describe, expect, it, vi } from 'vitest';
import { clientOf, faultOf, key, type Received, soon, startAnswering, task } from './scripted-service.ts';

const newKey = 'fedcba9876543210fedcba9876543210';
const refused = (code = 'ERROR_KEY_DOES_NOT_EXIST') => ({ body: `{"status":0,"request":"${code}"}` });

/** A service that takes only the new key. */
const rotated = ({ form }: Received) =>
  form['key'] === newKey ? { body: `{"status":1,"request":"70"}` } : refused('ERROR_WRONG_USER_KEY');

describe('a request that is refused because of its key', () => {
  it('is sent once more with the new key, as are all later requests', async () => {
    const service = await startAnswering(rotated);
    const asked: string[] = [];
    const renewKey = async (old: string): Promise<string> => {
      asked.push(old);
      return newKey;
    };
    const client = clientOf(service, { renewKey });
    expect(await client.submit(task, soon)).toBe('70');
    expect(await client.poll('70', soon)).toMatchObject({ ready: true });
    expect(await client.submit(task, soon)).toBe('70');
    expect(asked).toEqual([key]);
    expect(service.received.map(({ form }) => form['key'])).toEqual([key, newKey, newKey, newKey]);
    expect(client.requestCounts().submit).toEqual({ account: 1, answered: 2 });
  });

  it('holds other requests back until the new key is known', async () => {
    const service = await startAnswering(rotated);
    let find: (key: string) => void = () => undefined;
    let isAsked = false;
    const renewKey = (): Promise<string> => {
      isAsked = true;
      return new Promise((resolve) => (find = resolve));
    };
    const client = clientOf(service, { renewKey });
    const first = client.submit(task, soon);
    await vi.waitUntil(() => isAsked, { timeout: 120_000 });
    const others = [client.poll('1', soon), client.poll('2', soon)];
    find(newKey);
    await Promise.all([first, ...others]);
    expect(service.received.map(({ form }) => form['key'])).toEqual([key, newKey, newKey, newKey]);
  });

  it('is not sent again without a new key, or when the new key is refused, too', async () => {
    const service = await startAnswering(refused());
    const same = clientOf(service, { renewKey: async () => null });
    expect(await faultOf(same.submit(task, soon))).toMatchObject({ kind: 'account', answerLost: false });
    expect(service.received).toHaveLength(1);
    const wrong = clientOf(service, { renewKey: async () => newKey });
    expect(await faultOf(wrong.submit(task, soon))).toMatchObject({ code: 'ERROR_KEY_DOES_NOT_EXIST' });
    expect(service.received).toHaveLength(3);
  });

  it('keeps the limits of its call', async () => {
    const stop = new AbortController();
    const renewKey = async (): Promise<string> => {
      stop.abort();
      return newKey;
    };
    const service = await startAnswering(rotated);
    const fault = await faultOf(clientOf(service, { renewKey }).submit(task, { ...soon, signal: stop.signal }));
    expect(fault).toMatchObject({ kind: 'transport', neverSent: true });
    expect(service.received).toHaveLength(1);
  });

  it('hides both keys in later answers', async () => {
    const service = await startAnswering(({ form }) =>
      form['key'] === key ? refused() : { status: 500, body: `Bad request: ${form['key'] ?? ''}` },
    );
    const client = clientOf(service, { renewKey: async () => newKey });
    expect((await faultOf(client.submit(task, soon))).message).toContain('HTTP 500: Bad request: ***');
  });

  it('is the only one: another account fault asks for no key', async () => {
    const service = await startAnswering(refused('ERROR_IP_NOT_ALLOWED'));
    const renewKey = async (): Promise<never> => Promise.reject(new Error('asked'));
    expect(await faultOf(clientOf(service, { renewKey }).submit(task, soon))).toMatchObject({ kind: 'account' });
  });
});
