import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { hasRedis } from '../contract/support/redis-server.ts';
import { column, countsOf, rowsIn, rowsOf, sitekeyOf, solutionFor, until } from './support/batch.ts';
import { type Bench, it, type Usage } from './support/bench.ts';
import { openFleet, regionalCsv, regions } from './support/fleet.ts';
import { expectAccounted } from './support/killed-batch.ts';
import { slowService } from './support/service-clock.ts';
import { isExhaustive } from '../support/exhaustive.ts';

const batch = ['batch', 'tasks.csv', '--out', 'solved.csv', '--via', 'queues'];

describe.skipIf(!hasRedis).concurrent('a fleet of three regions on Redis', () => {
  it('solves a batch in the home regions of its pages, one row per task, and drains on SIGTERM', async ({ bench }) => {
    const { ledger, config, startWorker, healthOf } = await openFleet(bench);
    await bench.write('work/tasks.csv', regionalCsv(120));
    const workers = await Promise.all(regions.map((region) => startWorker(region)));
    const ended = await bench.run(batch, { at: ledger, config });
    expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: '' });
    const rows = await rowsIn(bench, 'solved.csv');
    expectAccounted(rows, ledger, 120);
    expect(ledger.sandbox.stats().accepted).toBe(120);
    const shares = { 'us-east-1': 40, 'eu-west-1': 40, 'ap-southeast-1': 40 };
    expect(countsOf(column(rows, 'region'))).toEqual(shares);
    expect(countsOf(column(rows, 'home_region'))).toEqual(shares);
    expect(ended.stderr).toMatch(/us-east-1 +40 +0 +40 /);
    const health = (await (await fetch(healthOf('us-east-1'))).json()) as object;
    expect(health).toMatchObject({ region: 'us-east-1', activeWorkers: 20, queueDepth: expect.any(Number) as number });
    for (const worker of workers) worker.signal('SIGTERM');
    for (const worker of workers) expect(await worker.ended).toMatchObject({ code: 0, signal: null });
  });

  it.runIf(isExhaustive)(
    'solves the tasks of a region without workers in the other regions, and reports their home region',
    async ({ bench }) => {
      const { ledger, config, startWorker } = await openFleet(bench, {
        config: { health: { interval: '300ms', timeout: '30s', fall: 2 } },
      });
      await bench.write('work/tasks.csv', regionalCsv(60));
      await Promise.all([startWorker('us-east-1'), startWorker('ap-southeast-1')]);
      const ended = await bench.run(batch, { at: ledger, config });
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      const rows = await rowsIn(bench, 'solved.csv');
      expectAccounted(rows, ledger, 60);
      expect(countsOf(column(rows, 'home_region'))).toMatchObject({ 'eu-west-1': 20 });
      expect(column(rows, 'region')).not.toContain('eu-west-1');
      expect(ended.stderr).toMatch(/eu-west-1: moved \d+ to /);
    },
  );

  it('takes the task of a killed worker up, and polls it instead of paying again', async ({ bench }) => {
    const { service, finish } = slowService();
    const { ledger, config, startWorker } = await openFleet(bench, { service });
    await bench.write('work/tasks.csv', regionalCsv(1));
    const first = await startWorker('us-east-1');
    const running = await bench.start(batch, { at: ledger, config });
    // An id is polled once it is where the next worker finds it.
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

  it('returns unfinished tasks of a stopping worker with their ids, and ends by the signal', async ({ bench }) => {
    const { service, finish } = slowService();
    const { ledger, config, startWorker } = await openFleet(bench, { service });
    await bench.write('work/tasks.csv', regionalCsv(1));
    const first = await startWorker('us-east-1', ['--drain-timeout', '500ms']);
    const running = await bench.start(batch, { at: ledger, config });
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
  });

  it.runIf(isExhaustive)('continues after a dispatcher was killed, and pays for nothing twice', async ({ bench }) => {
    const { ledger, config, startWorker } = await openFleet(bench);
    await bench.write('work/tasks.csv', regionalCsv(150));
    await Promise.all(regions.map((region) => startWorker(region)));
    const first = await bench.start(batch, { at: ledger, config });
    await until(() => ledger.accepted.size > 40);
    first.signal('SIGKILL');
    await first.ended;
    const ended = await bench.run(batch, { at: ledger, config });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, 150);
    expect(ledger.sandbox.stats().accepted).toBe(150);
    const direct = ['batch', 'tasks.csv', '--out', 'solved.csv'];
    const refused = await bench.run(direct, { at: ledger, config });
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/solved --via queues, this run's --via direct/) as string,
    });
  });

  it('solves one task: captcha solve --via queues', async ({ bench }) => {
    const { ledger, config, startWorker } = await openFleet(bench);
    await startWorker('us-east-1');
    const task = ['--method', 'turnstile', '--sitekey', sitekeyOf(1), '--pageurl', 'https://example.com/login'];
    const ended = await bench.run(['solve', ...task, '--via', 'queues', '--json'], { at: ledger, config });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    const report = JSON.parse(ended.stdout) as object;
    expect(report).toMatchObject({
      status: 'solved',
      region: 'us-east-1',
      homeRegion: 'us-east-1',
      solution: solutionFor(sitekeyOf(1)),
    });
  });

  it('shows tasks without workers, keeps them for other commands, and moves them', async ({ bench }) => {
    const { ledger, config, startWorker, healthOf } = await openFleet(bench);
    const task = ['--method', 'turnstile', '--sitekey', sitekeyOf(1), '--pageurl', 'https://example.de/login'];
    const waited = await bench.run(['solve', ...task, '--via', 'queues', '--timeout', '3s'], { at: ledger, config });
    expect(waited, waited.stderr).toMatchObject({ code: 4 });
    expect(waited.stderr).toMatch(/^queued as \S+: waiting for the result of a worker, up to 3s$/m);
    expect(waited.stderr).toMatch(
      /queued as s-[\da-f]{20}-[\da-f]{32}\. Read the result later: captcha.* results --run s-[\da-f]{20}\n/,
    );
    const shown = await bench.run(['queue', 'show', '--json'], { at: ledger, config });
    const { queues } = JSON.parse(shown.stdout) as { queues: { region: string; waiting: number }[] };
    expect(queues.find(({ region }) => region === 'eu-west-1')).toMatchObject({ waiting: 1, inFlight: 0, dead: 0 });
    const worker = await startWorker('us-east-1', ['--json']);
    await untilAnswered(async () => (await fetch(healthOf('us-east-1').replace('health', 'readyz'))).ok);
    const moved = await bench.run(['failover', '--apply', '--json'], { at: ledger, config });
    expect(JSON.parse(moved.stdout)).toMatchObject({
      applied: expect.arrayContaining([
        {
          ...{ from: 'eu-west-1', moved: [{ region: 'us-east-1', tasks: 1 }] },
          ...{ kept: 0, keptWhy: null, inFlight: 0, error: null },
        },
      ]) as object,
    });
    await until(() => ledger.sandbox.stats().collected === 1);
    await untilAnswered(async () => (await resultsWaiting(bench, { at: ledger, config })) === 1);
    const collected = await bench.run(['results', '--out', 'late.csv'], { at: ledger, config });
    expect(collected, collected.stderr).toMatchObject({ code: 0 });
    expect(collected.stderr).toMatch(/^1 result written to late\.csv: 1 solved, 0 failed\nsolve time p50 /);
    expect(collected.stderr).toMatch(/^us-east-1 +1 +0 +1 +\S+s\/\S+s +\S+s\/\S+s +\S+s\/\S+s$/m);
    expect(await rowsIn(bench, 'late.csv')).toMatchObject([
      { status: 'solved', region: 'us-east-1', home_region: 'eu-west-1', solution: solutionFor(sitekeyOf(1)) },
    ]);
    const empty = await bench.run(['results'], { at: ledger, config });
    expect(rowsOf(empty.stdout)).toEqual([]);
    const drained = await bench.run(['failover', '--drain', 'us-east-1'], { at: ledger, config });
    expect(drained).toMatchObject({ code: 2, stderr: expect.stringMatching(/no other region is serving/) as string });
    worker.signal('SIGTERM');
    const { code, stdout, stderr } = await worker.ended;
    const lines = stdout.trimEnd().split('\n');
    expect({ code, lines: lines.map((line) => JSON.parse(line) as object) }).toMatchObject({
      code: 0,
      lines: [
        { schemaVersion: 1, type: 'finished', status: 'solved', homeRegion: 'eu-west-1', attemptCount: 1 },
        { schemaVersion: 1, type: 'ended', solved: 1, left: { waiting: 0, inFlight: 0 } },
      ],
    });
    expect(stdout).not.toContain(solutionFor(sitekeyOf(1)));
    expect(stderr).toContain('\nthe queue is empty');
  });

  it.runIf(isExhaustive)('solves failed tasks again although their first result is final', async ({ bench }) => {
    const faults = [{ mode: 'ERROR_CAPTCHA_UNSOLVABLE', share: 1 }] as const;
    const { ledger, config, startWorker } = await openFleet(bench, { service: { faults } });
    await bench.write('work/tasks.csv', regionalCsv(3));
    const flags = ['--max-attempts', '1'];
    await Promise.all(regions.map((region) => startWorker(region, flags)));
    expect(await bench.run(batch, { at: ledger, config })).toMatchObject({ code: 1 });
    const again = await bench.run([...batch, '--retry-failed'], { at: ledger, config });
    expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/0 solved, 3 failed/) as string });
    expect(column(await rowsIn(bench, 'solved.csv'), 'attempts')).toEqual(['2', '2', '2']);
  });

  it.runIf(isExhaustive)('waits for a Redis that is killed and restarted, and loses nothing', async ({ bench }) => {
    const { ledger, config, startWorker, redis } = await openFleet(bench);
    await bench.write('work/tasks.csv', regionalCsv(150));
    const workers = await Promise.all(regions.map((region) => startWorker(region)));
    const running = await bench.start(batch, { at: ledger, config });
    await until(() => ledger.accepted.size > 50);
    await redis.down();
    await sleep(2_000);
    await redis.up();
    const ended = await running.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, 150);
    for (const worker of workers) worker.signal('SIGTERM');
    for (const worker of workers) expect(await worker.ended, worker.stderr).toMatchObject({ code: 0 });
  });

  it('stops a worker while Redis is unreachable', async ({ bench }) => {
    const { startWorker, redis } = await openFleet(bench);
    const worker = await startWorker('us-east-1');
    await sleep(300);
    await redis.down();
    await worker.said(/waiting for the queue/);
    worker.signal('SIGTERM');
    expect(await worker.ended, worker.stderr).toMatchObject({ code: 0, signal: null });
  });

  it('ends an idle worker with the reason', async ({ bench }) => {
    const { startWorker } = await openFleet(bench);
    const worker = await startWorker('us-east-1', ['--exit-when-idle', '1s']);
    expect(await worker.ended).toMatchObject({ code: 0, signal: null });
    expect(worker.stderr).toMatch(/exited: idle/);
  });

  it('stops on an account error, and leaves its tasks in the queue', async ({ bench }) => {
    const { config, startWorker, ledger } = await openFleet(bench, {
      service: { key: 'another-key-that-is-32-characters' },
    });
    const worker = await startWorker('us-east-1');
    const task = ['--method', 'turnstile', '--sitekey', sitekeyOf(1), '--pageurl', 'https://example.com/login'];
    const solving = bench.run(['solve', ...task, '--via', 'queues', '--timeout', '3s'], { at: ledger, config });
    expect(await worker.ended).toMatchObject({ code: 3 });
    expect(await solving).toMatchObject({ code: 4 });
    const shown = await bench.run(['queue', 'show', '--json'], { at: ledger, config });
    const { queues } = JSON.parse(shown.stdout) as { queues: { region: string; waiting: number; inFlight: number }[] };
    const { waiting, inFlight } = queues.find(({ region }) => region === 'us-east-1')!;
    // On a busy machine the worker may end before the queue has answered its return. Then the task stays leased for a while.
    expect(waiting + inFlight, shown.stdout).toBe(1);
  });
});

/** How many results wait to be collected. */
async function resultsWaiting(bench: Bench, usage: Usage): Promise<number> {
  const { stdout } = await bench.run(['queue', 'show', '--json'], usage);
  return (JSON.parse(stdout) as { results: { waiting: number } }).results.waiting;
}

async function untilAnswered(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds().catch(() => false))) await sleep(50);
}
