import { describe, expect, it } from 'vitest';
import { GroupedPolls } from '../../../src/core/batch/grouped-polls.ts';
import { aBatch, someItems, streamOf } from '../../support/batch-rig.ts';
import { ManyApi, solved, tokenOf } from './support/many-api.ts';

describe('a batch whose polls are grouped', () => {
  it('gives every task its own solution, in fewer requests, and looks at no id more often than every 5 s', async () => {
    const batch = aBatch({
      concurrency: { start: 200, max: 200 },
      api: (clock) => {
        const seenMs = new Map<string, number>();
        const api = new ManyApi({
          clock,
          answer: (id, atMs) => {
            const firstMs = seenMs.get(id) ?? atMs;
            seenMs.set(id, firstMs);
            return atMs - firstMs < 1_000 * (Number(id) % 20) ? { ready: false } : solved(tokenOf(id));
          },
        });
        const grouped = new GroupedPolls(
          { idsPerRequest: 20 },
          { api, clock, isToken: () => true, onRefused: () => undefined },
        );
        return Object.assign(grouped, { looks: api.looks });
      },
    });
    await Promise.all([batch.run(streamOf(someItems(400))), batch.clock.run()]);
    expect(batch.rows).toHaveLength(400);
    for (const row of batch.rows) expect(row['solution']).toBe(tokenOf(row['captcha_id']!));
    const lookCount = batch.api.looks.reduce((sum, { ids }) => sum + ids.length, 0);
    expect(batch.api.looks.length).toBeLessThan(lookCount / 2);
    const [proof] = batch.api.looks.filter(({ ids }) => ids.length === 3);
    const latestMs = new Map<string, number>();
    for (const { ids, atMs } of batch.api.looks.filter((look) => look !== proof)) {
      for (const id of ids) {
        expect(atMs - (latestMs.get(id) ?? -Infinity)).toBeGreaterThanOrEqual(5_000);
        latestMs.set(id, atMs);
      }
    }
  });
});
