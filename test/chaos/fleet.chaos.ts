import { describe, expect } from 'vitest';
import { it } from '../acceptance/support/bench.ts';
import { expectOneResultEach, surviveFleetStress, twiceCountOf } from '../acceptance/support/fleet-stress.ts';
import { openFleet } from '../acceptance/support/fleet.ts';
import { expectRowEach, paidTwiceUnsaid, seeded } from '../acceptance/support/killed-batch.ts';
import { openBareSqsFleet, openSqsFleet } from '../acceptance/support/sqs-fleet.ts';
import { hasRedis } from '../contract/support/redis-server.ts';

const count = 2_000;
const kills = 10;
const concurrency = 20;
const stressTest = {
  rows: count,
  kills,
  concurrency,
  deadRegion: 'eu-west-1',
  redisAwayMs: 3_000,
  longestMs: 1_100_000,
} as const;

const engines = [
  ['Redis', 1, openFleet],
  ['Redis', 2, openFleet],
  ['SQS with fleet.state', 3, openSqsFleet],
  ['SQS with fleet.state', 4, openSqsFleet],
] as const;

describe.skipIf(!hasRedis)('2,000 tasks of three regions', () => {
  it.for(engines)(
    'end with one result per task on %s, whatever is killed (seed %i)',
    { timeout: 1_200_000 },
    async ([engine, seed, open], { bench }) => {
      const { rows, ledger } = await surviveFleetStress(bench, { ...stressTest, open, random: seeded(seed) });
      const twice = twiceCountOf(ledger);
      console.log(`${engine}, seed ${seed}: ${twice} of ${count} tasks paid for twice in ${kills} kills`);
      expectOneResultEach(rows, ledger, stressTest);
    },
  );
});

describe('2,000 tasks of three regions on SQS without a side store', () => {
  it(
    'end with one result per task, and pay twice at most for the tasks of killed workers',
    { timeout: 1_200_000 },
    async ({ bench }) => {
      const { rows, ledger } = await surviveFleetStress(bench, {
        ...stressTest,
        open: openBareSqsFleet,
        random: seeded(5),
      });
      const twice = twiceCountOf(ledger);
      const unsaid = paidTwiceUnsaid(rows, ledger).length;
      console.log(
        `SQS alone, seed 5: ${twice} of ${count} tasks paid for twice in ${kills} kills, ${unsaid} not marked`,
      );
      expectRowEach(rows, count);
      expect(twice).toBeLessThanOrEqual(concurrency * kills);
    },
  );
});
