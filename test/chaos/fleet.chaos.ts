import { describe } from 'vitest';
import { it } from '../acceptance/support/bench.ts';
import { expectOneResultEach, surviveFleetOrdeal } from '../acceptance/support/fleet-ordeal.ts';
import { seeded } from '../acceptance/support/killed-batch.ts';
import { hasRedis } from '../contract/support/redis-server.ts';

describe.skipIf(!hasRedis)('2,000 tasks of three regions', () => {
  it.for([1, 2])(
    'end with one result each, whatever is killed (seed %i)',
    { timeout: 400_000 },
    async (seed, { bench }) => {
      const kills = 10;
      const { rows, ledger } = await surviveFleetOrdeal(bench, {
        ...{ rows: 2_000, kills, deadRegion: 'eu-west-1', redisAwayMs: 3_000, longestMs: 350_000 },
        random: seeded(seed),
      });
      expectOneResultEach(rows, ledger, { count: 2_000, most: kills });
      const twice = [...ledger.accepted.values()].filter((times) => times > 1).length;
      console.log(`seed ${seed}: ${twice} of 2,000 tasks paid for twice in ${kills} kills, all of them marked`);
    },
  );
});
