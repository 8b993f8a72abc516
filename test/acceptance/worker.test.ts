import { describe, expect } from 'vitest';
import { column, countsOf, openLedger, rowsIn, rowsOf, tasksCsv, until } from './support/batch.ts';
import { it } from './support/bench.ts';
import { expectAccounted } from './support/killed-batch.ts';
import { slowService } from './support/service-clock.ts';
import { firstRows } from '../support/exhaustive.ts';

const batch = ['batch', 'tasks.csv', '--out', 'solved.csv', '--via', 'queues'];
const embedded = {
  regions: ['us-east-1', 'eu-west-1'].map((name) => ({ name, queue: 'memory:' })),
  routes: { default: 'us-east-1', rules: [{ match: 'example.com', region: 'eu-west-1' }] },
};
const solveTask = 'solve --method turnstile --sitekey 0x4AAA --pageurl https://example.com/login';

describe.concurrent('queues inside the process', () => {
  it('work without any configuration: --sandbox batch --via queues', async ({ bench }) => {
    await bench.write('work/tasks.csv', tasksCsv(12).replaceAll('example.com/login/1', 'example.de/login/1'));
    const ended = await bench.run(['--sandbox', 'batch', 'tasks.csv', '--via', 'queues'], { config: null });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    const rows = rowsOf(ended.stdout);
    expect(countsOf(column(rows, 'status'))).toEqual({ solved: 12 });
    expect(countsOf(column(rows, 'region'))).toEqual({ 'us-east-1': 8, 'eu-west-1': 4 });
  });

  it('solve one task: --sandbox solve --via queues', async ({ bench }) => {
    const ended = await bench.run(['--sandbox', ...`${solveTask} --via queues`.split(' ')], { config: null });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(ended.stderr).toMatch(/^queued as \S+: waiting for the result of a worker, up to 5m 00s\n$/);
    expect(ended.stdout.trim()).not.toBe('');
  });

  it('survive a killed process: paid ids are polled, possibly paid ones are marked', async ({ bench }) => {
    const ledger = await openLedger(bench, { latencyMs: [300, 600] });
    await bench.write('work/tasks.csv', tasksCsv(60));
    const first = await bench.start(batch, { at: ledger, config: embedded });
    await until(() => ledger.accepted.size >= 20);
    first.signal('SIGKILL');
    await first.ended;
    const ended = await bench.run(batch, { at: ledger, config: embedded });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    const rows = await rowsIn(bench, 'solved.csv');
    expectAccounted(rows, ledger, 60);
    expect(countsOf(column(rows, 'region'))).toEqual({ 'eu-west-1': 60 });
  });

  it('are drained on the first signal: paid solutions are written', async ({ bench }) => {
    const { service, finish } = slowService();
    const ledger = await openLedger(bench, service);
    await bench.write('work/tasks.csv', tasksCsv(100));
    const config = { ...embedded, worker: { concurrency: 10 } };
    const running = await bench.start(batch, { at: ledger, config });
    await until(() => ledger.accepted.size >= 10);
    running.signal('SIGTERM');
    await running.said(/stopping/);
    finish();
    expect(await running.ended).toMatchObject({ code: null, signal: 'SIGTERM' });
    expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, ledger.accepted.size);
    expect(ledger.accepted.size).toBe(10);
    expect(await bench.run(batch, { at: ledger, config })).toMatchObject({ code: 0 });
    expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, 100);
    expect(ledger.sandbox.stats().accepted).toBe(100);
  });

  it('allow failed tasks to be solved again', async ({ bench }) => {
    const ledger = await openLedger(bench, { faults: [{ mode: 'ERROR_CAPTCHA_UNSOLVABLE', share: 1 }] });
    await bench.write('work/tasks.csv', tasksCsv(3));
    const config = { ...embedded, retry: { maxUnsolvable: 1, maxAttempts: 1 } };
    expect(await bench.run(batch, { at: ledger, config })).toMatchObject({ code: 1 });
    const again = await bench.run([...batch, '--retry-failed'], { at: ledger, config });
    expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/0 solved, 3 failed/) as string });
    expect(column(await rowsIn(bench, 'solved.csv'), 'attempts')).toEqual(['2', '2', '2']);
  });

  it('stop a batch on an account error', async ({ bench }) => {
    const ledger = await openLedger(bench, { key: 'another-key-that-is-32-characters' });
    await bench.write('work/tasks.csv', tasksCsv(5));
    expect(await bench.run(batch, { at: ledger, config: embedded })).toMatchObject({ code: 3 });
    expect(await rowsIn(bench, 'solved.csv')).toEqual([]);
  });
});

describe.concurrent('an impossible request is refused before anything is sent', () => {
  const regions = [
    { name: 'a', queue: 'redis://127.0.0.1:9/0' },
    { name: 'b', queue: 'redis://127.0.0.1:9/1' },
  ];
  const results = 'redis://127.0.0.1:9/9';
  const routes = { default: 'a' };

  firstRows(it, 2).for<[string, object, RegExp]>([
    ['worker', {}, /no region given: .*\n {2}no regions are configured/],
    [
      'worker',
      { regions, results },
      /no region given: use --region NAME or WORKER_REGION\n {2}configured regions: a, b/,
    ],
    ['worker --region c', { regions, results }, /--region c: unknown region/],
    [
      'worker --region a',
      { regions: [regions[0], { name: 'b', queue: 'redis://127.0.0.1:8/0' }] },
      /no results queue is configured/,
    ],
    ['worker --region a', { regions: [{ name: 'a' }], results }, /region a has no queue/],
    [
      'worker --region a',
      { regions: [{ name: 'a', queue: 'memory:' }] },
      /the queue of a is memory:, which exists only inside one process/,
    ],
    ['queue show', {}, /no regions are configured/],
    ['queue dead c', { regions, results }, /unknown region c\n {2}known regions: a, b/],
    ['results', {}, /no results queue is configured/],
    [`${solveTask} --via queues`, { regions: [{ name: 'a' }], routes, results }, /no queue is configured for: a/],
    [`${solveTask} --via queues`, { regions, results }, /routes.default is not set/],
    [
      `${solveTask} --via queues`,
      { regions, routes, results: 'memory:' },
      /results is memory:, which exists only inside one process/,
    ],
    [
      `${solveTask} --via queues`,
      { regions: [regions[0], { name: 'b', queue: 'memory:' }], routes, results },
      /only some regions have a memory: queue, which exists only inside one process: b/,
    ],
    ['batch tasks.csv --via pigeon', {}, /--via pigeon: unknown mode/],
    ['batch tasks.csv --via queues --max-submissions 3', {}, /--max-submissions cannot be used with --via queues/],
    ['batch tasks.csv --via queues --leave-in-doubt', {}, /--leave-in-doubt cannot be used with --via queues/],
  ])('captcha %s', async ([line, config, message], { bench }) => {
    await bench.write('work/tasks.csv', tasksCsv(1));
    const { code, stdout, stderr } = await bench.run(line.split(' '), { config });
    expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('captcha worker with a health port in use', async ({ bench }) => {
    const service = await bench.service(() => null);
    const config = { regions, results, worker: { concurrency: 1, healthPort: service.port } };
    const { code, stderr } = await bench.run(['worker', '--region', 'a'], { config });
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(/health port 127\.0\.0\.1:\d+: address already in use/);
  });
});
