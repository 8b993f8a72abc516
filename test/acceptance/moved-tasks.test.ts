import { describe, expect } from 'vitest';
import { hasRedis } from '../contract/support/redis-server.ts';
import { column, rowsIn, sitekeyOf, until } from './support/batch.ts';
import { type Bench, it } from './support/bench.ts';
import { type Fleet, type FleetParts, openFleet } from './support/fleet.ts';
import { expectAccounted, expectRowEach, paidTwiceUnsaid } from './support/killed-batch.ts';
import { slowService } from './support/service-clock.ts';
import { openBareSqsFleet, openSqsFleet } from './support/sqs-fleet.ts';
import { firstRows, isExhaustive } from '../support/exhaustive.ts';

const batch = ['batch', 'tasks.csv', '--out', 'solved.csv', '--via', 'queues'];
const drained = ['--drain-timeout', '100ms'];
const count = 4;
const rows = Array.from(
  { length: count },
  (_, index) => `t${index + 1},turnstile,${sitekeyOf(index + 1)},https://example.com/login/${index + 1}`,
);
/** All of them belong to us-east-1. */
const input = `task_id,method,sitekey,pageurl\n${rows.join('\n')}\n`;

/**
 * Tasks that were paid for, returned by their worker and moved away from us-east-1, and whose batch was interrupted.
 */
async function moveWhatWasPaid(
  bench: Bench,
  open: (bench: Bench, parts: FleetParts) => Promise<Fleet>,
): Promise<Fleet> {
  const { service, finish } = slowService();
  const fleet = await open(bench, { service });
  const { ledger, usage, startWorker } = fleet;
  await bench.write('work/tasks.csv', input);
  const home = await startWorker('us-east-1', drained);
  const first = await bench.start(batch, usage);
  await until(() => ledger.accepted.size === count);
  first.signal('SIGINT');
  await first.ended;
  home.signal('SIGTERM');
  await home.ended;
  const moved = await bench.run(['failover', '--apply', '--json'], usage);
  expect(JSON.parse(moved.stdout), moved.stdout).toMatchObject({
    applied: [{ from: 'us-east-1', kept: 0, error: null }],
  });
  finish();
  return fleet;
}

const engines = [
  ['Redis', openFleet],
  ['SQS with fleet.state', openSqsFleet],
] as const;

describe.skipIf(!hasRedis).concurrent('tasks that were moved after they were paid for', () => {
  firstRows(it).for(engines)(
    'are polled in their queue when the batch is run again and their region is back, on %s',
    async ([, open], { bench }) => {
      const { ledger, usage, startWorker } = await moveWhatWasPaid(bench, open);
      for (const region of ['us-east-1', 'eu-west-1', 'ap-southeast-1'] as const) await startWorker(region);
      const again = await bench.run(batch, usage);
      expect(again, again.stderr).toMatchObject({ code: 0 });
      const solved = await rowsIn(bench, 'solved.csv');
      expectAccounted(solved, ledger, count);
      expect(ledger.sandbox.stats().accepted).toBe(count);
      expect(column(solved, 'region')).not.toContain('us-east-1');
      expect(column(solved, 'possibly_charged')).toEqual(Array(count).fill('false'));
    },
  );

  firstRows(it).for(engines)('keep their paid ids when they are moved back, on %s', async ([, open], { bench }) => {
    const { ledger, usage, startWorker } = await moveWhatWasPaid(bench, open);
    await startWorker('us-east-1');
    for (const region of ['eu-west-1', 'ap-southeast-1']) await bench.run(['failover', '--drain', region], usage);
    const again = await bench.run(batch, usage);
    expect(again, again.stderr).toMatchObject({ code: 0 });
    const solved = await rowsIn(bench, 'solved.csv');
    expectAccounted(solved, ledger, count);
    expect(ledger.sandbox.stats().accepted).toBe(count);
    expect(column(solved, 'possibly_charged')).toEqual(Array(count).fill('false'));
  });
});

describe('tasks that were moved on SQS without a side store', () => {
  it.runIf(isExhaustive)('are marked when the batch is run again: their queue is unknown', async ({ bench }) => {
    const { ledger, usage, startWorker } = await moveWhatWasPaid(bench, openBareSqsFleet);
    for (const region of ['us-east-1', 'eu-west-1', 'ap-southeast-1'] as const) await startWorker(region);
    const again = await bench.run(batch, usage);
    expect(again, again.stderr).toMatchObject({ code: 0 });
    const solved = await rowsIn(bench, 'solved.csv');
    expectRowEach(solved, count);
    expect(paidTwiceUnsaid(solved, ledger)).toEqual([]);
    expect(column(solved, 'possibly_charged')).toEqual(Array(count).fill('true'));
  });
});
