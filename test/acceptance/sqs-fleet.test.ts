import { describe, expect } from 'vitest';
import { hasRedis } from '../contract/support/redis-server.ts';
import { column, rowsIn, until } from './support/batch.ts';
import { it } from './support/bench.ts';
import { expectOneResultEach, surviveFleetStress, twiceCountOf } from './support/fleet-stress.ts';
import { regionalCsv, regions } from './support/fleet.ts';
import { expectAccounted, expectRowEach, seeded } from './support/killed-batch.ts';
import { slowService } from './support/service-clock.ts';
import { openBareSqsFleet, openSqsFleet } from './support/sqs-fleet.ts';
import { isExhaustive } from '../support/exhaustive.ts';

const batch = ['batch', 'tasks.csv', '--out', 'solved.csv', '--via', 'queues'];
/** Few at once, so that the first kill does not hit all workers during their start. */
const stressTest = {
  rows: 120,
  kills: 2,
  concurrency: 5,
  deadRegion: 'eu-west-1',
  redisAwayMs: 1_000,
} as const;

describe.skipIf(!hasRedis).concurrent('a fleet of three regions on SQS, with fleet.state', () => {
  it.runIf(isExhaustive)('ends with one result per task, whatever is killed', async ({ bench }) => {
    const { rows, ledger } = await surviveFleetStress(bench, { ...stressTest, random: seeded(3), open: openSqsFleet });
    expectOneResultEach(rows, ledger, stressTest);
  });

  it('delivers the task of a killed worker again, and polls it instead of paying again', async ({ bench }) => {
    const { service, finish } = slowService();
    const fleet = await openSqsFleet(bench, { service });
    const { ledger, usage, startWorker } = fleet;
    await bench.write('work/tasks.csv', regionalCsv(1));
    const first = await startWorker('us-east-1');
    const running = await bench.start(batch, usage);
    await until(() => ledger.sandbox.stats().polls > 0);
    first.signal('SIGKILL');
    await first.ended;
    finish();
    await startWorker('us-east-1');
    const ended = await running.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    const rows = await rowsIn(bench, 'solved.csv');
    expectAccounted(rows, ledger, 1);
    expect(ledger.sandbox.stats().accepted).toBe(1);
    expect(column(rows, 'possibly_charged')).toEqual(['false']);
  });

  it.runIf(isExhaustive)('drains on SIGTERM, and loses nothing', async ({ bench }) => {
    const { ledger, usage, startWorker } = await openSqsFleet(bench);
    await bench.write('work/tasks.csv', regionalCsv(90));
    const workers = await Promise.all(regions.map((region) => startWorker(region)));
    const running = await bench.start(batch, usage);
    await until(() => ledger.accepted.size > 20);
    const [first, ...others] = workers;
    first!.signal('SIGTERM');
    expect(await first!.ended, first!.stderr).toMatchObject({ code: 0, signal: null });
    others.push(await startWorker('us-east-1'));
    const ended = await running.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, 90);
    expect(ledger.sandbox.stats().accepted).toBe(90);
    for (const worker of others) worker.signal('SIGTERM');
    for (const worker of others) expect(await worker.ended, worker.stderr).toMatchObject({ code: 0 });
  });

  it.runIf(isExhaustive)(
    'returns unfinished tasks of a stopping worker with their ids, and ends by the signal',
    async ({ bench }) => {
      const { service, finish } = slowService();
      const { ledger, usage, startWorker } = await openSqsFleet(bench, { service });
      await bench.write('work/tasks.csv', regionalCsv(1));
      const first = await startWorker('us-east-1', ['--drain-timeout', '500ms']);
      const running = await bench.start(batch, usage);
      await until(() => ledger.sandbox.stats().polls > 0);
      first.signal('SIGTERM');
      expect(await first.ended).toMatchObject({ code: null, signal: 'SIGTERM' });
      expect(first.stderr).toMatch(/returned to the queue: b-[\da-f]{20}-[\da-f]{32} \(\S+ is paid for\)/);
      finish();
      await startWorker('us-east-1');
      const ended = await running.ended;
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      expect(ledger.sandbox.stats().accepted).toBe(1);
      expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, 1);
    },
  );
});

describe.runIf(isExhaustive)('a fleet of three regions on SQS with nothing beside it', () => {
  it('ends with one result each, and pays twice for what a killed worker had in hand, at the most', async ({
    bench,
  }) => {
    const { rows, ledger } = await surviveFleetStress(bench, {
      ...stressTest,
      random: seeded(4),
      open: openBareSqsFleet,
    });
    expectRowEach(rows, stressTest.rows);
    expect(twiceCountOf(ledger)).toBeLessThanOrEqual(stressTest.concurrency * stressTest.kills);
  });
});
