import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hostNowMs } from '../../../src/adapters/state/host-clock.ts';
import { leaseMs } from '../../../src/core/resilience/remote-lease.ts';
import { hasRedis, RedisServer } from '../../contract/support/redis-server.ts';
import { Acquirer, buildChild, type Grant, type Program, worstExcess } from '../state/support/children.ts';

const bound = { burst: 40, perSecond: 100 };
/** What two hosts may use while the fleet is away. */
const shares = { burst: 2 * 4, perSecond: 2 * 10 };
const withShares = { burst: bound.burst + shares.burst, perSecond: bound.perSecond + shares.perSecond };
/** Longer than a test may take. */
const hourMs = 3_600_000;
/** Rounding of times to whole milliseconds, in tokens. */
const rounding = 1e-3;

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(20);
}

/**
 * A machine that holds a process up for a second makes Redis look silent. Then the host's share is granted too, and the
 * process warns.
 */
function expectNoExtraToken(children: readonly Acquirer[]): void {
  const warnings = children.flatMap(({ said }) => said.warnings);
  for (const warning of warnings) expect(warning).toMatch(/no answer within/);
  const limits = warnings.length === 0 ? bound : withShares;
  expect(worstExcess(grantsOf(children), limits)).toBeLessThanOrEqual(rounding);
}

const grantsOf = (children: readonly Acquirer[]): Grant[] => children.flatMap(({ said }) => said.grants);

describe.skipIf(!hasRedis)('processes of two hosts that share a Redis', () => {
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

  it('are together granted what one bucket contains, whatever their clocks say', async () => {
    const clocks = { a: 0, b: -3_600_000 };
    const children = Object.entries(clocks).flatMap(([host, skewMs]) =>
      [1, 2, 3].map(() => start(host, 2_500, skewMs)),
    );
    await Promise.all(children.map(({ ended }) => ended));
    expectNoExtraToken(children);
    expect(grantsOf(children).length, 'what flows in is granted, too').toBeGreaterThan(bound.burst);
  });

  it('get no extra token if holders of leases are killed', async () => {
    const all: Acquirer[] = [];
    const begin = (): Acquirer => {
      const child = start(all.length % 2 === 0 ? 'a' : 'b', hourMs);
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
    expectNoExtraToken(all);
  });

  it.each([
    { what: 'crashes and comes back', lose: () => server.down(), find: () => server.up() },
    { what: 'stands still for a while', lose: () => server.freeze(), find: () => server.thaw() },
  ])('continue with the shares of their hosts while Redis $what, and with all of it afterwards', async (redis) => {
    const children = ['a', 'a', 'b', 'b'].map((host) => start(host, hourMs));
    const between = (fromMs: number, toMs: number): Grant[] =>
      grantsOf(children).filter(({ askedMs, gotMs }) => askedMs >= fromMs && gotMs < toMs);
    await Promise.all(children.map((child) => child.running()));
    await redis.lose();
    await until(() => children.every(({ said }) => said.warnings.length > 0));
    // By now both hosts know, and no lease of before is good.
    await sleep(leaseMs);
    const sharedFromMs = hostNowMs();
    await until(() => between(sharedFromMs, Infinity).length > 20);
    const away = between(sharedFromMs, hostNowMs());
    await redis.find();
    // Both shares together grant less than this in a second: so much comes from Redis alone.
    await until(() => between(hostNowMs() - 1_000, Infinity).length > shares.burst + shares.perSecond);
    await Promise.all(children.map((child) => child.kill()));
    expect(worstExcess(away, shares), 'no more than the shares').toBeLessThanOrEqual(rounding);
    expect(worstExcess(grantsOf(children), withShares)).toBeLessThanOrEqual(rounding);
    for (const { said } of children) {
      expect(said.warnings).toEqual([expect.stringMatching(/^budget.scope redis:.*this host uses its share/)]);
    }
  });

  it('have no second burst if Redis comes back without its data', async () => {
    const children = ['a', 'b'].map((host) => start(host, 5_000));
    await Promise.all(children.map((child) => child.running()));
    await sleep(1_500);
    const redis = new Redis(server.url());
    await redis.flushall();
    redis.disconnect();
    await Promise.all(children.map(({ ended }) => ended));
    expectNoExtraToken(children);
  });
});
