import { createServer } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';
import { hasRedis, RedisServer } from '../contract/support/redis-server.ts';
import { until } from './support/batch.ts';
import { type Bench, it, words } from './support/bench.ts';
import type { Ended } from './support/running.ts';
import { listen } from './support/service.ts';
import { hourMs, ServiceClock } from './support/service-clock.ts';
import { isExhaustive } from '../support/exhaustive.ts';

const processCount = Number(process.env['PROCESSES'] ?? (isExhaustive ? 12 : 8));
const noBreaker = { failureRatio: null, consecutiveFailures: null };
const bucket = { ratio: null, maxRetriesPerSecond: 2, burst: 8 };
const password = 'hunter2hunter2';

interface Report {
  readonly scope: string;
  readonly place: string;
  readonly fleet: { readonly degraded: boolean; readonly reason: string | null; readonly leased: number | null };
  readonly budget: { readonly tokens: number; readonly burst: number; readonly granted: number };
}

/** A host is simulated by its own state folder. */
const onHost = (bench: Bench, name: string): { CAPTCHA_STATE_DIR: string } => ({
  CAPTCHA_STATE_DIR: join(bench.home, 'hosts', name),
});

async function look(bench: Bench, usage: object): Promise<Report> {
  const { stdout } = await bench.run(['budget', '--json'], usage);
  return JSON.parse(stdout) as Report;
}

/** The user-visible messages of a run without a reachable Redis. */
function expectOneWarning({ code, stderr }: Ended, why: RegExp): void {
  expect(code).toBe(0);
  expect(stderr.trimEnd().split('\n')).toEqual([expect.stringMatching(why)]);
  expect(stderr).toMatch(/^warning: budget\.scope redis:.*uses its share of the budget/);
  expect(stderr).not.toContain(password);
}

describe.skipIf(!hasRedis)('processes of two hosts that share a Redis', () => {
  let server: RedisServer;
  beforeAll(async () => void (server = await RedisServer.start({ durable: false })));
  afterAll(() => server.stop());
  let scope: string;
  beforeEach(() => void (scope = server.url()));

  it('retry together within one bucket, and show its state', async ({ bench }) => {
    const at = await bench.sandbox({ outages: [{ mode: 503, fromMs: 0, toMs: 600_000 }] });
    const usage = { at, config: { budget: { ...bucket, scope }, breaker: noBreaker } };
    const beganMs = performance.now();
    const running = await Promise.all(
      Array.from({ length: processCount }, (_, index) =>
        bench.start(words('solve TASK --json'), { ...usage, env: onHost(bench, index % 2 === 0 ? 'a' : 'b') }),
      ),
    );
    const ended = await Promise.all(running.map((each) => each.ended));
    const seconds = (performance.now() - beganMs) / 1_000;
    expect(ended.map(({ code }) => code)).toEqual(ended.map(() => 4));
    const retries = at.stats().submissions - processCount;
    // On a busy machine Redis may seem silent: then each host grants its share itself, and the processes say so.
    const isAlone = ended.some(({ stderr }) => stderr.includes('uses its share of the budget'));
    const ofShares = isAlone ? 2 * (1 + 0.1 * bucket.maxRetriesPerSecond * seconds) : 0;
    expect(retries).toBeGreaterThan(isAlone ? 0 : bucket.burst / 2);
    expect(retries).toBeLessThanOrEqual(bucket.burst + bucket.maxRetriesPerSecond * seconds + ofShares);
    const report = await look(bench, { ...usage, env: onHost(bench, 'c') });
    expect(report).toMatchObject({ scope: 'redis', place: scope, fleet: { degraded: false }, budget: { burst: 8 } });
    expect(report.budget.granted, 'tokens on lease count as granted').toBeGreaterThanOrEqual(retries - ofShares);
    await bench.run(['budget', '--reset'], usage);
    expect((await look(bench, usage)).budget).toMatchObject({ tokens: 8, granted: 0 });
  });

  it('keep the limit if Redis loses its data while they wait for promised tokens', async ({ bench }) => {
    const clock = new ServiceClock();
    const at = await bench.sandbox({ outages: [{ mode: 503, fromMs: 0, toMs: hourMs }], clock });
    const config = { budget: { ...bucket, scope }, breaker: noBreaker };
    const usage = { at, config };
    const waiting = words('solve TASK --wait-for-budget --max-attempts 50');
    const retries = (): number => at.stats().submissions - processCount;
    const beganMs = performance.now();
    const running = await Promise.all(
      Array.from({ length: processCount }, (_, index) =>
        bench.start(waiting, { ...usage, env: onHost(bench, index % 2 === 0 ? 'a' : 'b') }),
      ),
    );
    await until(() => retries() >= bucket.burst);
    const redis = new Redis(scope);
    await redis.flushall();
    redis.disconnect();
    await until(() => retries() >= 2 * bucket.burst);
    const retryCount = retries();
    const seconds = (performance.now() - beganMs) / 1_000;
    clock.move(hourMs);
    const ended = await Promise.all(running.map((each) => each.ended));
    for (const { code, stderr } of ended) expect(code, stderr).toBe(0);
    // On a busy machine Redis may seem silent: then each host grants its share itself, and the processes say so.
    const isAlone = ended.some(({ stderr }) => stderr.includes('uses its share of the budget'));
    const ofShares = isAlone ? 2 * (1 + 0.1 * bucket.maxRetriesPerSecond * seconds) : 0;
    // One token that was promised just before the loss may be granted once more.
    expect(retryCount).toBeLessThanOrEqual(bucket.burst + bucket.maxRetriesPerSecond * seconds + ofShares + 1);
  });

  it('fund each other: accepted submissions of one host pay for retries of another', async ({ bench }) => {
    const at = await bench.sandbox();
    const config = { budget: { scope, ratio: 1, minRetriesPerSecond: 0 } };
    for (const host of ['a', 'b', 'c']) {
      const solved = await bench.run(words('solve TASK'), { at, config, env: onHost(bench, host) });
      expect(solved).toMatchObject({ code: 0, stderr: '' });
    }
    expect(await look(bench, { at, config })).toMatchObject({ budget: { accepted: 3 } });
  });
});

describe.concurrent('a solve with an unreachable Redis', () => {
  it('still succeeds, with one warning that gives the reason', async ({ bench }) => {
    const at = await bench.sandbox();
    const config = { budget: { scope: `redis://:${password}@127.0.0.1:1/0` } };
    expectOneWarning(await bench.run(words('solve TASK'), { at, config }), /ECONNREFUSED/);
    const report = await look(bench, { at, config });
    expect(report).toMatchObject({ scope: 'redis', fleet: { degraded: true, leased: null }, budget: { burst: 1 } });
    expect(JSON.stringify(report)).not.toContain(password);
    const reset = await bench.run(['budget', '--reset'], { at, config });
    expect(reset.code).toBe(4);
    expect(reset.stderr).toMatch(/^error: budget\.scope .*ECONNREFUSED/);
  });

  it('waits a second for one that does not answer, and says so', async ({ bench }) => {
    const silent = await listen(createServer());
    bench.afterwards(() => silent.close());
    const at = await bench.sandbox();
    const config = { budget: { scope: `redis://:${password}@127.0.0.1:${silent.port}/0` } };
    const ended = await bench.run(words('solve TASK'), { at, config });
    expectOneWarning(ended, /no answer within 1000ms/);
  });

  it('retries with the share of its host', async ({ bench }) => {
    const at = await bench.sandbox({ outages: [{ mode: 503, fromMs: 0, toMs: 600_000 }] });
    const scope = `redis://:${password}@127.0.0.1:1/0`;
    const config = { budget: { ...bucket, maxRetriesPerSecond: 4, scope, fleetShare: 0.25 }, breaker: noBreaker };
    const ended = await bench.run(words('solve TASK --max-attempts 9'), { at, config });
    expect(ended.code).toBe(4);
    expect(ended.stderr.match(/^warning: .*$/gm)).toHaveLength(1);
    expect(at.stats().submissions).toBeGreaterThanOrEqual(3);
    expect(at.stats().submissions - 1).toBeLessThanOrEqual(2 + 0.25 * 4 * (ended.durationMs / 1_000));
  });
});
