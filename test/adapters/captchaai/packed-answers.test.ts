import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { clientOf, faultOf, soon, startService, task } from './scripted-service.ts';

const gzip = { 'content-encoding': 'gzip' };

/** A client of a service with this answer to every request. */
async function answered(status: number, headers: Record<string, string>, body: Uint8Array) {
  const service = await startService((_request, response) => response.writeHead(status, headers).end(body));
  return { service, client: clientOf(service) };
}

describe('an answer that is compressed without being requested', () => {
  it('is read', async () => {
    const { service, client } = await answered(200, gzip, gzipSync('{"status":1,"request":"34567"}'));
    expect(await client.submit(task, soon)).toBe('34567');
    expect(await client.poll('34567', soon)).toMatchObject({ ready: true });
    expect(service.received.map(({ headers }) => headers['accept-encoding'])).toEqual(['identity', 'identity']);
  });

  it('may be a code with any status', async () => {
    const { client } = await answered(403, gzip, gzipSync('ERROR_IP_NOT_ALLOWED'));
    expect(await faultOf(client.submit(task, soon))).toMatchObject({ kind: 'account', code: 'ERROR_IP_NOT_ALLOWED' });
  });

  it('contains no key if it echoes one', async () => {
    const key = '0123456789abcdef0123456789abcdef';
    const { client } = await answered(200, gzip, gzipSync(`<title>${key}</title>`));
    const { message } = await faultOf(client.submit(task, soon));
    expect(message).toContain('***');
    expect(message).not.toContain(key);
  });
});

describe('an answer that cannot be decompressed', () => {
  const cutOff = gzipSync('{"status":1,"request":"34567"}').subarray(0, -9);

  it('may have been paid for if it answers a submission', async () => {
    const { client } = await answered(200, gzip, cutOff);
    const fault = await faultOf(client.submit(task, soon));
    expect(fault).toMatchObject({ kind: 'transport', answerLost: true });
    expect(fault.message).toMatch(/answered with a gzip body that is cut off\.$/);
    expect(await faultOf(client.poll('1', soon))).toMatchObject({ kind: 'transport', answerLost: false });
  });

  it('names the unknown coding', async () => {
    const { client } = await answered(200, { 'content-encoding': 'zstd' }, Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd));
    const { message } = await faultOf(client.submit(task, soon));
    expect(message).toContain('a body with the unsupported encoding zstd');
  });

  it('gets its meaning from the status if that is sufficient', async () => {
    const { client } = await answered(503, { ...gzip, 'retry-after': '7' }, cutOff);
    const fault = await faultOf(client.submit(task, soon));
    expect(fault).toMatchObject({ kind: 'transport', answerLost: false, retryAfterMs: 7_000 });
    expect(fault.message).toContain('HTTP 503 with a gzip body that is cut off');
  });

  it('is not decompressed beyond 1 MiB', async () => {
    const { client } = await answered(200, gzip, gzipSync(`OK|${'1'.repeat(32 * 1024 * 1024)}`));
    const fault = await faultOf(client.submit(task, soon));
    expect(fault).toMatchObject({ kind: 'transport', answerLost: true });
    expect(fault.message).toContain('a gzip body larger than 1024 KiB');
  });
});
