import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hostNowMs } from '../../../src/adapters/state/host-clock.ts';
import { hasRedis, RedisServer } from '../../contract/support/redis-server.ts';
import { Acquirer, buildChild, type Grant, type Program, worstExcess } from '../state/support/children.ts';

const bound = { burst: 40, perSecond: 100 };
/** What two hosts may use beside, while the fleet is away. */
const withShares = { burst: bound.burst + 2 * 4, perSecond: bound.perSecond + 2 * 10 };
/** Rounding of times that are no whole milliseconds, in tokens. */
const rounding = 1e-3;

const grantsOf = (children: readonly Acquirer[]): Grant[] => children.flatMap(({ said }) => said.grants);

describe.skipIf(!hasRedis)('processes of two hosts that share a Redis', { timeout: 60_000 }, () => {
  let program: Program;
  let server: RedisServer;
  let folders = 0;
  beforeAll(async () => (program = await buildChild(join(import.meta.dirname, 'support/fleet-child.ts'))));
  afterAll(() => program.remove());
  beforeEach(async () => {
    server = await RedisServer.start();
    folders += 1;
  });
  afterEach(() => server.stop());

  function start(host: string, ms: number, skewMs = 0): Acquirer {
    const folder = join(program.folder, `${host}-${folders}`);
    return new Acquirer(program, [server.url(), folder, bound.perSecond, bound.burst, ms, skewMs].map(String));
  }

  it('are granted together what one bucket holds, whatever their clocks say', async () => {
    const clocks = { a: 0, b: -3_600_000 };
    const children = Object.entries(clocks).flatMap(([host, skewMs]) =>
      [1, 2, 3].map(() => start(host, 2_500, skewMs)),
    );
    await Promise.all(children.map(({ ended }) => ended));
    const grants = grantsOf(children);
    expect(children.flatMap(({ said }) => said.warnings)).toEqual([]);
    expect(worstExcess(grants, bound)).toBeLessThanOrEqual(rounding);
    const spanMs = Math.max(...grants.map(({ gotMs }) => gotMs)) - Math.min(...grants.map(({ askedMs }) => askedMs));
    // What is on lease when it ends, and what a host did not know was there, is lost.
    expect(grants.length, 'little is lost either').toBeGreaterThan(
      0.6 * (bound.burst + (bound.perSecond * spanMs) / 1_000),
    );
    const redis = new Redis(server.url());
    const calls = /cmdstat_evalsha:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1];
    redis.disconnect();
    const asked = children.reduce((sum, { said }) => sum + said.calls, 0);
    expect(Number(calls), 'Redis is asked for a fraction').toBeLessThan(0.5 * asked);
  });

  it('get no token too many where those that hold leases are killed', async () => {
    const all: Acquirer[] = [];
    const begin = (): Acquirer => {
      const child = start(all.length % 2 === 0 ? 'a' : 'b', 20_000);
      all.push(child);
      return child;
    };
    const alive = [begin(), begin(), begin(), begin()];
    await Promise.all(alive.map((child) => child.running()));
    for (let kills = 0; kills < 10; kills += 1) {
      await sleep(Math.random() * 100);
      const victim = alive.shift();
      alive.push(begin());
      await victim?.kill();
    }
    await Promise.all(alive.map((child) => child.running()));
    await Promise.all(alive.map((child) => child.kill()));
    expect(all.flatMap(({ said }) => said.warnings)).toEqual([]);
    expect(worstExcess(grantsOf(all), bound)).toBeLessThanOrEqual(rounding);
  });

  it.each([
    { what: 'crashes and comes back', lose: () => server.down(), find: () => server.up() },
    { what: 'stands still for a while', lose: () => server.freeze(), find: () => server.thaw() },
  ])('go on with the shares of their hosts while Redis $what, and with all of it afterwards', async (redis) => {
    const children = ['a', 'a', 'b', 'b'].map((host) => start(host, 10_000));
    await Promise.all(children.map((child) => child.running()));
    await sleep(1_000);
    await redis.lose();
    const lostMs = hostNowMs();
    await sleep(2_500);
    await redis.find();
    const foundMs = hostNowMs();
    await Promise.all(children.map(({ ended }) => ended));
    const grants = grantsOf(children);
    const between = (fromMs: number, toMs: number): number =>
      grants.filter(({ askedMs, gotMs }) => askedMs >= fromMs && gotMs < toMs).length;
    expect(worstExcess(grants, withShares)).toBeLessThanOrEqual(rounding);
    expect(between(lostMs + 1_500, foundMs), 'while it was away').toBeGreaterThan(5);
    expect(between(lostMs + 1_500, foundMs), 'no more than the shares').toBeLessThanOrEqual(8 + 20 * 1.1);
    const lastMs = Math.max(...grants.map(({ gotMs }) => gotMs));
    expect(between(lastMs - 1_000, lastMs), 'afterwards').toBeGreaterThan(0.5 * bound.perSecond);
    for (const { said } of children) {
      expect(said.warnings).toEqual([expect.stringMatching(/^budget.scope redis:.*this host uses its share/)]);
      expect(said.longestMs, 'nobody waits for long').toBeLessThan(1_500);
    }
  });

  it('have no second burst where Redis comes back without its data', async () => {
    const children = ['a', 'b'].map((host) => start(host, 5_000));
    await Promise.all(children.map((child) => child.running()));
    await sleep(1_500);
    const redis = new Redis(server.url());
    await redis.flushall();
    redis.disconnect();
    await Promise.all(children.map(({ ended }) => ended));
    expect(worstExcess(grantsOf(children), bound)).toBeLessThanOrEqual(rounding);
  });
});
