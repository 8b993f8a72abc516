import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisUsage } from '../../../src/adapters/redis/redis-usage.ts';
import { systemClock as clock } from '../../../src/adapters/system/system-clock.ts';
import type { TaskUsage } from '../../../src/domain/usage.ts';
import { hasRedis, RedisServer } from '../../contract/support/redis-server.ts';
import { runs } from '../../support/exhaustive.ts';
import { anyRecord, someTasks, sumsOf } from '../../support/some-usage.ts';

describe.skipIf(!hasRedis)('the use of an account in Redis', () => {
  let server: RedisServer;
  const opened: RedisUsage[] = [];
  const open = (accountId: string, maxFields = 20_000): RedisUsage => {
    const usage = new RedisUsage(
      { url: server.url(), baseUrl: 'https://example.com', accountId, maxFields },
      { clock },
    );
    opened.push(usage);
    return usage;
  };
  beforeAll(async () => void (server = await RedisServer.start({ durable: false })));
  afterAll(async () => {
    for (const usage of opened) usage.close();
    await server.stop();
  });

  it('is what all hosts counted, exactly', async () => {
    let account = 0;
    const hosts = fc.array(fc.array(anyRecord(500_000, 1), { minLength: 1, maxLength: 4 }), { maxLength: 12 });
    const property = fc.asyncProperty(hosts, async (appended) => {
      account += 1;
      const [one, other] = [open(`a${account}`), open(`a${account}`)];
      await Promise.all(appended.map((records, index) => (index % 2 === 0 ? one : other).add(500_000, records)));
      expect(sumsOf(await one.read(499_999, 500_001))).toEqual(sumsOf(appended.flat()));
    });
    await fc.assert(property, { numRuns: runs(50) });
  });

  it('is kept per hour and account', async () => {
    const usage = open('kept');
    await usage.add(500_000, [someTasks({ counts: { submissions: 1 } })]);
    await usage.add(500_030, [someTasks({ hour: 500_030, counts: { submissions: 2 } })]);
    expect(await usage.read(500_001, 500_040)).toMatchObject([{ hour: 500_030, counts: { submissions: 2 } }]);
    expect(await open('else').read(500_000, 500_040)).toEqual([]);
  });

  it('counts further labels together when there are many', async () => {
    const usage = open('labels', 70);
    for (let part = 0; part < 3; part += 1) {
      const labels = Array.from({ length: 20 }, (_, index) => `job-${20 * part + index}`);
      await usage.add(
        500_000,
        labels.map((label) => someTasks({ label, counts: { submissions: 1 } })),
      );
    }
    const records = (await usage.read(500_000, 500_000)) as readonly TaskUsage[];
    expect(records.length).toBe(12);
    expect(records.reduce((sum, { counts }) => sum + counts.submissions, 0)).toBe(60);
  });
});
