import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  clientOf,
  key,
  providerFault,
  type Scripted,
  soon,
  startAnswering,
  startRaw,
  task,
} from './scripted-service.ts';

const proxied = { ...task, params: { proxy: 'user:s3cr%t@10.0.0.1:80', proxytype: 'HTTP', cookies: 'sid:c00kie' } };

/** All readable parts of an error: properties, hidden ones included, the stack, and every cause. */
function everythingOf(error: Error): string {
  return [inspect(error, { depth: null, showHidden: true }), JSON.stringify(error), error.stack, String(error)].join(
    '\n',
  );
}

describe('the key', () => {
  it.each<[string, Scripted]>([
    ['a code', { body: `{"status":0,"request":"ERROR_KEY ${key}"}` }],
    ['a plain code', { body: `ERROR_WRONG_USER_KEY_${key}` }],
    [
      'a code, split by a control character',
      { body: `{"status":0,"request":"ERROR_${key.slice(0, 16)}\\u0000${key.slice(16)}"}` },
    ],
    ['a code, spelled in escapes', { body: `{"status":0,"request":"ERROR_\\u0030${key.slice(1)}"}` }],
    ['an error text', { body: `{"status":0,"error_text":"${key}"}` }],
    ['an HTML page', { body: `<html>key=${key}</html>` }],
    ['an HTML page, at the edge of what is quoted', { body: `<${'x'.repeat(185)}${key}` }],
    ['an HTML page in capitals', { status: 500, body: `<html>${key.toUpperCase()}</html>` }],
    ['an error page', { status: 502, body: `Bad request body: key=${key}&json=1` }],
    ['a redirect', { status: 302, headers: { location: `https://${key}.example.com/${key}?key=${key}` } }],
    ['a header', { status: 429, headers: { 'retry-after': key, 'x-echo': key } }],
    ['an id', { body: `{"status":1,"request":{"id":"${key}"}}` }],
    ['a broken id', { body: `OK|${key} ${key}` }],
  ])('is not in the error when it is echoed in %s', async (_name, answer) => {
    const client = clientOf(await startAnswering(answer));
    const errors = [client.submit(task, soon), client.poll(key, soon), client.threads(), client.balance()];
    const thrown = await Promise.allSettled(errors);
    const rejected = thrown.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
    expect(rejected.length).toBeGreaterThan(0);
    for (const error of rejected) expect(everythingOf(error).toLowerCase()).not.toContain(key);
  });

  it.each(['p+w/d =&%', 'ключ-ключ', 'short'])('is recognised in its URL encoding (%s)', async (oddKey) => {
    const spellings = [oddKey, encodeURIComponent(oddKey), new URLSearchParams({ k: oddKey }).toString().slice(2)];
    const service = await startAnswering({ status: 500, body: spellings.join(' ') });
    const { message } = await providerFault(clientOf(service, { key: oddKey }).submit(task, soon));
    expect(message).toMatch(/HTTP 500: \*\*\* \*\*\* \*\*\*$/);
  });

  it('is not in the error when the connection breaks', async () => {
    const service = await startRaw((socket) => socket.end(`HTTP/1.1 ${key}\r\n`));
    const error = await providerFault(clientOf(service).submit(task, soon));
    expect(everythingOf(error)).not.toContain(key);
    expect(error.cause).toBeUndefined();
  });

  it('is removed from ids and solutions, which are shown and stored', async () => {
    const client = clientOf(
      await startAnswering({ body: JSON.stringify({ status: 1, request: `a-${key}`, echo: { key } }) }),
    );
    expect(await client.submit(task, soon)).toBe('a-***');
    expect(await client.poll('1', soon)).toEqual({
      ready: true,
      solution: { text: 'a-***', fields: { echo: { key: '***' } } },
    });
  });

  it('does not change answers if it is short', async () => {
    const client = clientOf(await startAnswering({ body: 'OK|abcabc' }), { key: 'abc' });
    expect(await client.submit(task, soon)).toBe('abcabc');
  });
});

describe('the credentials of a task', () => {
  it('are not in the error when they are echoed', async () => {
    const service = await startAnswering(({ text }) => ({
      status: 500,
      body: `${text} ${decodeURIComponent(text)} s3cr%t`,
    }));
    const error = await providerFault(clientOf(service).submit(proxied, soon));
    expect(service.received[0]?.form).toMatchObject(proxied.params);
    expect(everythingOf(error)).not.toMatch(/s3cr|c00kie/);
  });
});
