import { createServer, type Server } from 'node:net';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RedisBucket } from '../../../src/adapters/redis/budget-bucket.ts';
import { systemClock as clock } from '../../../src/adapters/system/system-clock.ts';
import { RemoteUnavailableError } from '../../../src/domain/errors.ts';
import { hasRedis, RedisServer } from '../../contract/support/redis-server.ts';
import { usualBudget } from '../../support/solver-harness.ts';

const bucketAt = (url: string): RedisBucket =>
  new RedisBucket({ url, baseUrl: 'https://example.com', accountId: 'a' }, { clock });

async function failureAt(url: string): Promise<string> {
  const bucket = bucketAt(url);
  const failure: unknown = await bucket.look(usualBudget).catch((error: unknown) => error);
  bucket.close();
  if (!(failure instanceof RemoteUnavailableError)) throw new Error('it answered');
  return failure.message;
}

describe('a fleet with an unreachable Redis', () => {
  it('fails at once if nothing listens, with the reason', async () => {
    const message = await failureAt('redis://user:secret@127.0.0.1:1/0');
    expect(message).toBe('budget.scope redis://user:***@127.0.0.1:1/0: connect ECONNREFUSED 127.0.0.1:1');
  });

  it('fails after a second without an answer', async () => {
    const silent: Server = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const message = await failureAt(`redis://127.0.0.1:${port}`);
    silent.close();
    expect(message).toMatch(/: no answer within 1000ms$/);
  });
});

describe.skipIf(!hasRedis)('a fleet whose Redis', () => {
  let server: RedisServer;
  beforeEach(async () => void (server = await RedisServer.start()));
  afterEach(() => server.stop());

  it('wants another password is unreachable, and no message contains the tried one', async () => {
    const redis = new Redis(server.url());
    await redis.config('SET', 'requirepass', 'right');
    redis.disconnect();
    const message = await failureAt(`redis://:wrong-secret@127.0.0.1:${server.port}/0`);
    expect(message).toMatch(/WRONGPASS/);
    expect(message).not.toContain('secret');
    expect(await failureAt(server.url())).toMatch(/NOAUTH/);
    const bucket = bucketAt(`redis://:right@127.0.0.1:${server.port}/0`);
    expect(await bucket.look(usualBudget)).toMatchObject({ balance: 10 });
    bucket.close();
  });

  it('was restarted works again with the next sync, and has kept what was taken', async () => {
    const bucket = bucketAt(server.url());
    const sync = {
      options: usualBudget,
      accepted: 0,
      refused: 0,
      quietMs: 0,
      surplus: 0,
      leaseMs: 0,
      epoch: '',
      promisedMs: 0,
    };
    await bucket.sync({ ...sync, asks: [0, 0, 0] });
    await server.down();
    await expect(bucket.sync({ ...sync, asks: [0] })).rejects.toThrow(RemoteUnavailableError);
    await server.up();
    expect((await bucket.sync({ ...sync, asks: [] })).granted).toBe(3);
    bucket.close();
  });

  it('stores nothing forever: a bucket expires a minute after it is full, and there is one per API and account', async () => {
    const bucket = bucketAt(server.url());
    const sync = {
      options: usualBudget,
      accepted: 0,
      refused: 0,
      quietMs: 0,
      surplus: 0,
      leaseMs: 0,
      epoch: '',
      promisedMs: 0,
    };
    await bucket.sync({ ...sync, asks: [0] });
    bucket.close();
    const other = new RedisBucket({ url: server.url(), baseUrl: 'https://example.com', accountId: 'b' }, { clock });
    expect(await other.look(usualBudget)).toMatchObject({ granted: 0, balance: 10 });
    other.close();
    const redis = new Redis(server.url());
    const [key = ''] = await redis.keys('*');
    const leftMs = await redis.pttl(key);
    redis.disconnect();
    expect(key).toMatch(/^captcha:\{[0-9a-f]{16}\}:budget$/);
    // Full again after at most 5 s; the rest of that minute passes as this runs.
    expect(leftMs).toBeGreaterThan(5_000);
    expect(leftMs).toBeLessThanOrEqual(65_000);
  });
});
