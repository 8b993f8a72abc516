import { describe, expect } from 'vitest';
import { hasRedis } from '../contract/support/redis-server.ts';
import { column, countsOf, rowsIn, rowsOf, tasksCsv } from './support/batch.ts';
import { it, words } from './support/bench.ts';
import { openFleet } from './support/fleet.ts';

/** What `scripts/other-nodes.js` runs under each version of Node.js. That no process warns is checked for every run. */
describe.concurrent('the built program, on the Node.js that runs the tests', () => {
  it.for([
    '--help',
    '--version',
    'batch --help',
    '--sandbox doctor',
    '--sandbox health',
    '--sandbox route example.de',
    'methods',
  ])('ends well: captcha %s', async (line, { bench }) => {
    const { code, stdout } = await bench.run(words(line), { config: null });
    expect(code).toBe(0);
    expect(stdout).toMatch(/\S/);
  });

  it('solves a task', async ({ bench }) => {
    const ended = await bench.run(words('--sandbox solve TASK'), { config: null });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('solves a batch into a file', async ({ bench }) => {
    await bench.write('work/tasks.csv', tasksCsv(20));
    const ended = await bench.run(words('--sandbox batch tasks.csv --out solved.csv'), { config: null });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(countsOf(column(await rowsIn(bench, 'solved.csv'), 'status'))).toEqual({ solved: 20 });
  });

  it('solves a batch by workers', async ({ bench }) => {
    await bench.write('work/tasks.csv', tasksCsv(20));
    const ended = await bench.run(words('--sandbox batch tasks.csv --via queues'), { config: null });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(countsOf(column(rowsOf(ended.stdout), 'status'))).toEqual({ solved: 20 });
  });

  it.skipIf(!hasRedis)('serves the queue of a region on Redis, and drains', async ({ bench }) => {
    const { ledger, config, startWorker } = await openFleet(bench);
    await bench.write('work/tasks.csv', tasksCsv(20));
    const worker = await startWorker('us-east-1');
    const ended = await bench.run(words('batch tasks.csv --out solved.csv --via queues'), { at: ledger, config });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    worker.signal('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
  });
});
