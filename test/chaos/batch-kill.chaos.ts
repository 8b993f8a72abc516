import { describe } from 'vitest';
import { it } from '../acceptance/support/bench.ts';
import { expectAccounted, seeded, surviveKills } from '../acceptance/support/killed-batch.ts';

describe('captcha batch, killed with SIGKILL at 20 random instants of 2,000 rows', () => {
  it('has one row per task, and names what may have been accepted twice', async ({ bench }) => {
    const seed = Number(process.env['CHAOS_SEED'] ?? Date.now());
    console.info(`CHAOS_SEED=${seed}`);
    const stressTest = { rows: 2_000, kills: 20, concurrency: 50, random: seeded(seed) };
    const { rows, ledger } = await surviveKills(bench, stressTest);
    expectAccounted(rows, ledger, stressTest.rows);
    const doubtful = rows.filter((row) => row['possibly_charged'] === 'true').length;
    console.info(`accepted ${ledger.sandbox.stats().accepted}, possibly charged ${doubtful}`);
  });
});
