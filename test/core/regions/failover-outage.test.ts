import { describe, expect, it } from 'vitest';
import { rowOf } from '../../support/outage-table.ts';

describe('ten minutes without the largest of four regions, at 45 % load', () => {
  const stale = 60_000;

  it.each(['article as written', 'lowest depth, key fixed', 'failover.strategy lowest-depth'] as const)(
    'spreading keeps the p99 wait five times below that of the rule "%s", with health that is a minute old',
    async (rule) => {
      const [theirs, ours] = [await rowOf(rule, stale), await rowOf('failover.strategy spread', stale)];
      expect(theirs.p99Ms).toBeGreaterThan(30_000);
      expect(ours.p99Ms * 5).toBeLessThan(theirs.p99Ms);
    },
  );

  it('overloads no region: no queue is longer than half of the workers, with the waits of fresh health', async () => {
    const [old, fresh] = [
      await rowOf('failover.strategy spread', stale),
      await rowOf('failover.strategy spread', 10_000),
    ];
    expect(Math.max(...old.deepest)).toBeLessThan(30);
    expect(old.p99Ms).toBeLessThan(fresh.p99Ms * 2);
  });

  it("makes the lowest-depth strategy equal to the article's rule with its key fixed", async () => {
    const rule = 'failover.strategy lowest-depth';
    const [theirs, ours] = [await rowOf('lowest depth, key fixed', stale), await rowOf(rule, stale)];
    expect(ours).toEqual({ ...theirs, rule });
  });
});
