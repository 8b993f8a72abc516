import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { openLedger, rowsIn, rowsOf, tasksCsv, until } from './support/batch.ts';
import { it } from './support/bench.ts';
import { expectAccounted } from './support/killed-batch.ts';
import { slowService } from './support/service-clock.ts';
import { firstRows } from '../support/exhaustive.ts';

const batch = ['batch', 'tasks.csv', '--out', 'solved.csv', '--concurrency', '10'];
/** Longer than the time within which two signals count as one. */
const afterwardsMs = 400;

describe.concurrent('a signal to captcha batch', () => {
  firstRows(it).for(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s once: submits no more, writes what is in flight, and ends by the signal',
    async (signal, { bench }) => {
      const { service, finish } = slowService();
      const ledger = await openLedger(bench, service);
      await bench.write('work/tasks.csv', tasksCsv(100));
      const running = await bench.start(batch, { at: ledger });
      await until(() => ledger.accepted.size >= 10);
      running.signal(signal);
      await running.said(/no new submissions/);
      finish();
      expect(await running.ended).toMatchObject({ code: null, signal, stdout: '' });
      const rows = await rowsIn(bench, 'solved.csv');
      expectAccounted(rows, ledger, ledger.accepted.size);
      expect(ledger.accepted.size).toBe(10);
      expect(running.stderr).toMatch(/continue with the same command: captcha /);
    },
  );

  it('twice: exits at once, and the next run collects the paid solutions', async ({ bench }) => {
    const { service, finish } = slowService();
    const ledger = await openLedger(bench, service);
    await bench.write('work/tasks.csv', tasksCsv(10));
    const running = await bench.start(batch, { at: ledger });
    const journal = join(bench.cwd, 'solved.csv.journal');
    while ((await readFile(journal, 'utf8').catch(() => '')).split('"t":"submitted"').length <= 10) await sleep(20);
    running.signal('SIGINT');
    await running.said(/no new submissions/);
    await sleep(afterwardsMs);
    running.signal('SIGINT');
    expect(await running.ended).toMatchObject({ code: null, signal: 'SIGINT' });
    expect(await rowsIn(bench, 'solved.csv')).toHaveLength(0);
    finish();
    expect(await bench.run(batch, { at: ledger })).toMatchObject({ code: 0 });
    expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, 10);
    expect(ledger.sandbox.stats().accepted).toBe(10);
  });

  it.for([
    ['--limit', 0],
    ['--max-submissions', 4],
  ] as const)('is not needed where %s is reached and no more input comes', async ([flag, code], { bench }) => {
    const ledger = await openLedger(bench);
    const running = await bench.start(['batch', '-', flag, '3'], { at: ledger, input: null });
    running.child.stdin!.write(tasksCsv(3));
    const ended = await running.ended;
    expect(ended, ended.stderr).toMatchObject({ code });
    expect(rowsOf(ended.stdout)).toHaveLength(3);
  });

  it('ends a batch that waits for standard input', async ({ bench }) => {
    const ledger = await openLedger(bench);
    await bench.write('work/tasks.csv', tasksCsv(3));
    const running = await bench.start(['batch', '-'], { at: ledger, input: null });
    running.child.stdin!.write(tasksCsv(3));
    await until(() => ledger.sandbox.stats().collected >= 3);
    running.signal('SIGINT');
    expect(await running.ended).toMatchObject({ code: null, signal: 'SIGINT' });
    expect(rowsOf(running.stdout)).toHaveLength(3);
  });
});
