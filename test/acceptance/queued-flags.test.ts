import { describe, expect } from 'vitest';
import { hasRedis } from '../contract/support/redis-server.ts';
import { column, rowsIn } from './support/batch.ts';
import { it } from './support/bench.ts';
import { openFleet, regionalCsv } from './support/fleet.ts';
import { hourMs } from './support/service-clock.ts';
import { firstRows } from '../support/exhaustive.ts';

const batch = ['batch', 'tasks.csv', '--out', 'solved.csv', '--via', 'queues'];
const unsolvable = [{ mode: 'ERROR_CAPTCHA_UNSOLVABLE', share: 1 }] as const;

describe.skipIf(!hasRedis).concurrent('the flags of a dispatcher', () => {
  firstRows(it).for([
    [[], '3'],
    [['--max-attempts', '1'], '1'],
    [['--max-attempts', '2'], '2'],
  ] as const)(
    '%j limits the submissions of a worker for an unsolvable task: %s',
    async ([flags, attempts], { bench }) => {
      const { ledger, config, startWorker } = await openFleet(bench, { service: { faults: unsolvable } });
      await bench.write('work/tasks.csv', regionalCsv(1));
      await startWorker('us-east-1');
      expect(await bench.run([...batch, ...flags], { at: ledger, config })).toMatchObject({ code: 1 });
      expect(column(await rowsIn(bench, 'solved.csv'), 'attempts')).toEqual([attempts]);
    },
  );

  it('let a worker give up earlier than its own configuration', async ({ bench }) => {
    const { ledger, config, startWorker } = await openFleet(bench, { service: { latencyMs: [hourMs, hourMs] } });
    await bench.write('work/tasks.csv', regionalCsv(1));
    await startWorker('us-east-1', ['--timeout', '10m']);
    const ended = await bench.run([...batch, '--timeout', '2s'], { at: ledger, config });
    expect(ended, ended.stderr).toMatchObject({ code: 4 });
    const rows = await rowsIn(bench, 'solved.csv');
    expect(column(rows, 'reason')).toEqual(['deadline-exceeded']);
  });

  it.for(['batch', 'solve'])('are refused where no task can carry them: %s', async (command, { bench }) => {
    const { ledger, config } = await openFleet(bench);
    await bench.write('work/tasks.csv', regionalCsv(1));
    const task = ['--method', 'turnstile', '--sitekey', '0x4AAA', '--pageurl', 'https://example.com'];
    const words = command === 'batch' ? ['tasks.csv'] : task;
    const ended = await bench.run([command, ...words, '--via', 'queues', '--budget', '10/s'], { at: ledger, config });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toMatch(
      /^error: --budget cannot be used with --via queues\n {2}workers have their own budget/,
    );
    expect(ledger.sandbox.stats().requests).toBe(0);
  });
});
