import { afterAll, beforeAll, describe, expect } from 'vitest';
import { hasRedis, RedisServer } from '../contract/support/redis-server.ts';
import { firstRows, isExhaustive } from '../support/exhaustive.ts';
import { tasksCsv, until } from './support/batch.ts';
import { it, words } from './support/bench.ts';

const processCount = isExhaustive ? 100 : 8;
const limit = 2 * processCount;
/** Each process wants twice its share. */
const rows = 4;

describe.skipIf(!hasRedis)('processes with a limit of submissions', () => {
  let redis: RedisServer;
  beforeAll(async () => void (redis = await RedisServer.start({ durable: false })));
  afterAll(() => redis.stop());

  firstRows(it, 1).for([
    { scope: 'redis', kills: Math.floor(processCount / 5) },
    { scope: 'redis', kills: 0 },
    { scope: 'host', kills: Math.floor(processCount / 5) },
    { scope: 'host', kills: 0 },
  ])('submit exactly as often as it says: $scope, $kills killed', async ({ scope, kills }, { bench }) => {
    const at = await bench.sandbox({ threads: 1_000 });
    const budget = { scope: scope === 'redis' ? redis.url(kills === 0 ? 1 : 0) : 'host' };
    const usage = { at, config: { budget, limits: { submissions: [`${limit}/hour`] } } };
    await bench.write('work/tasks.csv', tasksCsv(rows));
    const running = await Promise.all(
      Array.from({ length: processCount }, (_, index) =>
        bench.start(words(`batch tasks.csv --out ${index}.csv --concurrency 2`), usage),
      ),
    );
    await until(() => at.stats().submissions >= limit / 4);
    const killed = running.slice(0, kills);
    for (const each of killed) each.signal('SIGKILL');
    await Promise.all(killed.map((each) => each.ended));
    // The others end, or say that they wait for room.
    const others = running.slice(killed.length);
    await until(() => others.every(({ child, stderr }) => child.exitCode !== null || stderr.includes('the limit of')));
    const { stdout } = await bench.run(words('budget --json'), usage);
    expect(JSON.parse(stdout)).toMatchObject({ limits: [{ count: limit, used: limit, left: 0 }] });
    const { submissions } = at.stats();
    expect(submissions).toBeLessThanOrEqual(limit);
    // A process that is killed between the count and the submission has used up a place for each of its two tasks in work.
    expect(submissions).toBeGreaterThanOrEqual(limit - 2 * killed.length);
  });
});
