import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startFauxqs } from 'fauxqs';
import { describe, expect } from 'vitest';
import { hasRedis, RedisServer } from '../contract/support/redis-server.ts';
import { openLedger } from './support/batch.ts';
import { type Bench, it } from './support/bench.ts';
import { openFleet } from './support/fleet.ts';
import { unusedPort } from './support/service.ts';

interface Check {
  readonly check: string;
  readonly status: string;
  readonly found: string;
  readonly fix: string | null;
}

/** The doctor's findings about the queues of a configuration. */
async function queuesOf(config: object, bench: Bench): Promise<Check & { readonly code: number | null }> {
  const sandbox = await openLedger(bench);
  const env = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
  const ended = await bench.run(['doctor', '--json'], { at: sandbox, config, env });
  const { checks } = JSON.parse(ended.stdout) as { readonly checks: readonly Check[] };
  return { ...checks.find(({ check }) => check === 'queues')!, code: ended.code };
}

const redisCli = (port: number, ...words: string[]) => promisify(execFile)('redis-cli', ['-p', String(port), ...words]);
const regionAt = (queue: string) => ({ regions: [{ name: 'us-east-1', queue }], routes: { default: 'us-east-1' } });

describe.skipIf(!hasRedis).concurrent('captcha doctor, of queues in Redis', () => {
  it('checks every queue and reports its workers and how long they are connected', async ({ bench }) => {
    const { config, startWorker, redis } = await openFleet(bench);
    await startWorker('us-east-1');
    while (!(await redisCli(redis.port, 'client', 'list')).stdout.includes(':w:')) await sleep(50);
    const found = await queuesOf({ ...config, fleet: { state: redis.url(8) } }, bench);
    expect(found).toMatchObject({ status: 'ok', fix: null });
    const lines = found.found.split('\n');
    expect(lines[0]).toBe('3 of 3 regions have a queue');
    expect(lines[1]).toMatch(/^redis:\/\/127\.0\.0\.1:\d+: Redis \d+\.\d+\.\d+$/);
    expect(lines[2]).toMatch(/^us-east-1: 0 waiting, 0 in flight, 0 dead; 1 worker, for \d+(ms|s)$/);
    expect(lines[3]).toBe('eu-west-1: 0 waiting, 0 in flight, 0 dead; no workers');
    expect(lines.at(-1)).toBe('results: 0 waiting, 0 being read');
  });

  it('reports settings with which a Redis can lose data', async ({ bench }) => {
    const redis = await RedisServer.start({ durable: false });
    bench.afterwards(() => redis.stop());
    const config = { ...regionAt(redis.url(0)), results: redis.url(9) };
    expect(await queuesOf(config, bench)).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('appendonly is off') as string,
      fix: expect.stringContaining('set appendonly yes') as string,
    });
    await redisCli(redis.port, 'config', 'set', 'maxmemory-policy', 'allkeys-lru');
    expect(await queuesOf(config, bench)).toMatchObject({
      status: 'failure',
      code: 4,
      found: expect.stringContaining('eviction policy allkeys-lru can drop tasks when memory is full') as string,
    });
  });

  it.for([
    ['without the password that it needs', 'redis://127.0.0.1', '/0', /NOAUTH/, /needs a password/],
    ['with another password', 'redis://:not-it@127.0.0.1', '/0', /WRONGPASS/, /correct the user and password/],
    ['with a database that does not exist', 'redis://:s3cret@127.0.0.1', '/99', /DB index/, /\/0 to \/15/],
  ] as const)('names a Redis %s, and the fix', async ([, place, db, found, fix], { bench }) => {
    const redis = await RedisServer.start();
    bench.afterwards(() => redis.stop());
    await redisCli(redis.port, 'config', 'set', 'requirepass', 's3cret');
    const seen = await queuesOf(regionAt(`${place}:${redis.port}${db}`), bench);
    expect(seen).toMatchObject({ status: 'failure', code: 4 });
    expect(seen.found).toMatch(found);
    expect(seen.fix).toMatch(fix);
    expect(JSON.stringify(seen)).not.toMatch(/s3cret|not-it/);
  });

  it('names a Redis that is not there, is not one, or does not answer', async ({ bench }) => {
    const redis = await RedisServer.start();
    bench.afterwards(() => redis.stop());
    await redis.freeze();
    bench.afterwards(() => redis.thaw());
    const http = await bench.service(() => ({ body: 'hello' }));
    const names = ['absent', 'other', 'frozen'];
    const urls = [`redis://127.0.0.1:${await unusedPort()}/0`, http.url.replace('http', 'redis'), redis.url(0)];
    const regions = urls.map((queue, index) => ({ name: names[index]!, queue, location: [10 * index, 0] }));
    const { status, found, fix } = await queuesOf({ regions, results: urls[0] }, bench);
    expect(status).toBe('failure');
    for (const what of [/ECONNREFUSED/, /RESP|EPIPE|ECONNRESET/, /timed out|no answer/i]) expect(found).toMatch(what);
    expect(fix?.split('\n')).toEqual(
      expect.arrayContaining([
        expect.stringContaining('nothing listens there') as string,
        expect.stringContaining('the server is not Redis') as string,
        expect.stringContaining('firewall') as string,
      ]),
    );
  });
});

describe('captcha doctor, of queues in SQS', () => {
  it('checks the existing queues and names the missing ones', async ({ bench }) => {
    const server = await startFauxqs({ port: 0, logger: false });
    bench.afterwards(() => server.stop());
    server.createQueue('tasks');
    const urlOf = (name: string) => `sqs://${name}?region=us-east-1&endpoint=http://127.0.0.1:${server.port}`;
    const seen = await queuesOf({ ...regionAt(urlOf('tasks')), results: urlOf('results') }, bench);
    expect(seen).toMatchObject({ status: 'failure', code: 4 });
    expect(seen.found).toContain('us-east-1: 0 waiting, 0 in flight; no dead-letter queue');
    expect(seen.found).toMatch(/results: sqs:\/\/results in us-east-1: .*queue does not exist/);
    expect(seen.found).toContain('SQS cannot store captcha ids');
    expect(seen.fix).toContain('Create the queue with a dead-letter queue');
  });
});
