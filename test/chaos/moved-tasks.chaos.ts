import { describe, expect } from 'vitest';
import { it } from '../acceptance/support/bench.ts';
import { twiceCountOf } from '../acceptance/support/fleet-stress.ts';
import { openFleet } from '../acceptance/support/fleet.ts';
import { expectRowEach, paidTwiceUnsaid, seeded } from '../acceptance/support/killed-batch.ts';
import { surviveMoves } from '../acceptance/support/moving-fleet.ts';
import { openBareSqsFleet, openSqsFleet } from '../acceptance/support/sqs-fleet.ts';
import { hasRedis } from '../contract/support/redis-server.ts';

const stressTest = { rows: 40, steps: 16, longestMs: 300_000 } as const;
/** To run a single one: SEEDS=7 npm run test:chaos. */
const seeds = (process.env['SEEDS'] ?? '1,2,3,4').split(',').map(Number);
const engines = [
  ['Redis', openFleet, true],
  ['SQS with fleet.state', openSqsFleet, true],
  // A worker that is killed between storing a result and removing its task pays again, and that cannot be detected.
  ['SQS with nothing beside it', openBareSqsFleet, false],
] as const;
const cases = engines.flatMap(([engine, open, kills]) => seeds.map((seed) => ({ engine, open, kills, seed })));

describe.skipIf(!hasRedis)('40 tasks that are interrupted, moved, moved back and run again', () => {
  it.for(cases)(
    'are never silently paid for twice on $engine (seed $seed)',
    { timeout: 600_000 },
    async ({ engine, open, kills, seed }, { bench }) => {
      const { rows, ledger, steps } = await surviveMoves(bench, { ...stressTest, open, kills, random: seeded(seed) });
      const unsaid = paidTwiceUnsaid(rows, ledger);
      const marked = rows.filter((row) => row['possibly_charged'] === 'true').length;
      console.log(`${engine}, seed ${seed}: ${twiceCountOf(ledger)} of 40 paid for twice, ${marked} marked`);
      expectRowEach(rows, stressTest.rows);
      expect(unsaid, `accepted twice without a word\n${steps.join('\n')}`).toEqual([]);
    },
  );
});
