import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { hasRedis } from '../contract/support/redis-server.ts';
import { column, rowsIn, until } from './support/batch.ts';
import { it } from './support/bench.ts';
import { expectOneResultEach, surviveFleetStress, twiceCountOf } from './support/fleet-stress.ts';
import { regionalCsv, regions } from './support/fleet.ts';
import { expectAccounted, expectRowEach, seeded } from './support/killed-batch.ts';
import { openBareSqsFleet, openSqsFleet } from './support/sqs-fleet.ts';

const batch = ['batch', 'tasks.csv', '--out', 'solved.csv', '--via', 'queues'];
const slow = { latencyMs: [3_000, 3_000] } as const;
/** Few at once, so that the first kill does not meet all workers as they begin. */
const stressTest = {
  rows: 120,
  kills: 2,
  concurrency: 5,
  deadRegion: 'eu-west-1',
  redisAwayMs: 1_000,
  longestMs: 60_000,
} as const;
/** A killed worker's tasks are with the next when their visibility runs out; then they are solved. */
const takenUpMs = 25_000;
/** From the signal to the end of a worker that may drain for 500 ms. */
const drainedMs = 5_000;
/** What is handed back need not run out: it is with the next worker as soon as that runs; then it is solved. */
const handedOverMs = 10_000;

describe.skipIf(!hasRedis)('a fleet of three regions on SQS, with fleet.state', { timeout: 70_000 }, () => {
  it('ends with one result each, whatever is killed', async ({ bench }) => {
    const { rows, ledger } = await surviveFleetStress(bench, { ...stressTest, random: seeded(3), open: openSqsFleet });
    expectOneResultEach(rows, ledger, { count: stressTest.rows, most: stressTest.kills });
  });

  it('takes the task of a killed worker up, and polls it instead of paying again', async ({ bench }) => {
    const fleet = await openSqsFleet(bench, { service: slow, longestMs: 50_000 });
    const { ledger, usage, startWorker } = fleet;
    await bench.write('work/tasks.csv', regionalCsv(1));
    const first = await startWorker('us-east-1');
    const running = await bench.start(batch, usage);
    await until(() => ledger.accepted.size === 1);
    await sleep(200);
    first.signal('SIGKILL');
    await first.ended;
    const killedMs = performance.now();
    await startWorker('us-east-1');
    const ended = await running.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(performance.now() - killedMs).toBeLessThan(takenUpMs);
    const rows = await rowsIn(bench, 'solved.csv');
    expectAccounted(rows, ledger, 1);
    expect(ledger.sandbox.stats().accepted).toBe(1);
    expect(column(rows, 'possibly_charged')).toEqual(['false']);
  });

  it('drains on SIGTERM, and loses nothing', async ({ bench }) => {
    const { ledger, usage, startWorker } = await openSqsFleet(bench, { longestMs: 40_000 });
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

  it('hands back with its ids what a worker cannot finish in time, and ends by the signal', async ({ bench }) => {
    const { ledger, usage, startWorker } = await openSqsFleet(bench, { service: slow });
    await bench.write('work/tasks.csv', regionalCsv(1));
    const first = await startWorker('us-east-1', ['--drain-timeout', '500ms']);
    const running = await bench.start(batch, usage);
    await until(() => ledger.accepted.size === 1);
    await sleep(200);
    const signalledMs = performance.now();
    first.signal('SIGTERM');
    expect(await first.ended).toMatchObject({ code: null, signal: 'SIGTERM' });
    const endedMs = performance.now();
    expect(endedMs - signalledMs).toBeLessThan(drainedMs);
    expect(first.stderr).toMatch(/returned to the queue: b-[\da-f]{20}-[\da-f]{32} \(\S+ is paid for\)/);
    await startWorker('us-east-1');
    expect(await running.ended).toMatchObject({ code: 0 });
    expect(performance.now() - endedMs).toBeLessThan(handedOverMs);
    expect(ledger.sandbox.stats().accepted).toBe(1);
    expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, 1);
  });
});

describe('a fleet of three regions on SQS with nothing beside it', { timeout: 70_000 }, () => {
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
