import { isExhaustive } from '../support/exhaustive.ts';
import { startFauxqs } from 'fauxqs';
import { describe, expect } from 'vitest';
import { BullTaskQueue } from '../../src/adapters/queues/bullmq/bullmq-task-queue.ts';
import { SqsTaskQueue } from '../../src/adapters/queues/sqs/sqs-task-queue.ts';
import { parseSqsUrl } from '../../src/domain/sqs-url.ts';
import { systemClock as clock } from '../../src/adapters/system/system-clock.ts';
import type { TaskQueue } from '../../src/ports/queues.ts';
import { hasRedis, RedisServer } from '../contract/support/redis-server.ts';
import { column, openLedger, rowsIn, sitekeyOf } from './support/batch.ts';
import { type Bench, it, type Usage } from './support/bench.ts';
import { openFleet } from './support/fleet.ts';
import { expectAccounted } from './support/killed-batch.ts';

process.env['AWS_ACCESS_KEY_ID'] ??= 'test';
process.env['AWS_SECRET_ACCESS_KEY'] ??= 'test';

const region = 'us-east-1';
const batch = ['batch', 'tasks.csv', '--out', 'solved.csv', '--via', 'queues'];
const count = 3;
const timing = { leaseMs: 10_000, stalledMs: 5_000, visibilityMs: 10_000, maxHoldMs: 60_000 };

interface DeadDocument {
  readonly schemaVersion: number;
  readonly count: number;
  readonly dead: readonly { id: string; taskId: string; deliveries: number; reason: string | null }[];
}

/** A fleet whose commands run with these settings. */
interface Place {
  readonly bench: Bench;
  readonly usage: Usage;
}

const csv = Array.from({ length: count }, (_, index) => {
  return `t${index + 1},turnstile,${sitekeyOf(index + 1)},https://example.com/login`;
});

/** Queues the tasks while no worker is running. */
async function enqueue({ bench, usage }: Place, queue: TaskQueue): Promise<void> {
  await bench.write('work/tasks.csv', `task_id,method,sitekey,pageurl\n${csv.join('\n')}\n`);
  const running = await bench.start(batch, usage);
  while ((await queue.depth()).waiting < count) await clock.sleep(50);
  running.signal('SIGINT');
  expect(await running.ended).toMatchObject({ signal: 'SIGINT' });
}

/** Delivers every task without a result until the limit, as if that many workers had crashed on it. */
async function wearOut(queue: TaskQueue, deliveries: number): Promise<void> {
  const { signal } = new AbortController();
  for (let left = count * deliveries; left > 0;) {
    const leases = await queue.receive(count, 2_000, signal);
    for (const lease of leases) expect(await lease.release()).toBe(true);
    left -= leases.length;
  }
  await queue.close();
}

async function deadIn({ bench, usage }: Place): Promise<DeadDocument> {
  const ended = await bench.run(['queue', 'dead', region, '--json'], usage);
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  return JSON.parse(ended.stdout) as DeadDocument;
}

/** Requeues one dead letter by its id, then all of them, and solves them. */
async function recover(place: Place): Promise<void> {
  const { bench, usage } = place;
  const [first] = (await deadIn(place)).dead;
  const ids = [first!.id, first!.id, 'b-0123-00112233445566778899aabbccddeeff'];
  const some = await bench.run(['queue', 'requeue', region, ...ids, '--json'], usage);
  expect(some, some.stderr).toMatchObject({ code: 1 });
  expect(some.stderr).toMatch(/1 of 2 ids are not dead letters of us-east-1 that can be requeued/);
  expect(JSON.parse(some.stdout)).toEqual({ schemaVersion: 1, region, requeued: 1, unknown: 1 });
  const others = await bench.run(['queue', 'requeue', region], usage);
  expect(others).toMatchObject({ code: 0, stdout: `${count - 1} tasks requeued\n`, stderr: '' });
  const none = await bench.run(['queue', 'dead', region], usage);
  expect(none).toMatchObject({ code: 0, stdout: `No dead letters in ${region}.\n`, stderr: '' });
  expect(await deadIn(place)).toEqual({ schemaVersion: 1, region, count: 0, dead: [] });
  const nothing = await bench.run(['queue', 'requeue', region], usage);
  expect(nothing).toMatchObject({ code: 0, stdout: '0 tasks requeued\n' });
  const ended = await bench.run(batch, usage);
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
}

describe.skipIf(!hasRedis).concurrent('dead letters on Redis', () => {
  it('are written by a worker, listed, requeued and solved', async ({ bench }) => {
    const { ledger, config, startWorker, redis } = await openFleet(bench);
    const place = { bench, usage: { at: ledger, config } };
    const queue = new BullTaskQueue({ url: redis.url(0), region, timing }, { clock, state: null });
    await enqueue(place, queue);
    await wearOut(queue, 20);
    const worker = await startWorker(region);
    await worker.said(/(is now a dead letter: delivered 21 times without a result[^]*){3}/);
    const document = await deadIn(place);
    expect(document).toMatchObject({ schemaVersion: 1, count });
    expect(document.dead.map(({ taskId }) => taskId).toSorted()).toEqual(['t1', 't2', 't3']);
    for (const { id, deliveries, reason } of document.dead) {
      expect({ id, deliveries, reason }).toEqual({
        id: expect.stringMatching(/^b-[\da-f]{20}-[\da-f]{32}$/) as string,
        deliveries: 21,
        reason: 'delivered 21 times without a result',
      });
    }
    const listed = await bench.run(['queue', 'dead', region], place.usage);
    for (const { id } of document.dead) expect(listed.stdout).toContain(id);
    expect(listed.stderr).toMatch(/captcha --config \S+ queue requeue us-east-1 \[ID\.\.\.\]/);
    await recover(place);
    expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, count);
    expect(ledger.sandbox.stats().accepted).toBe(count);
  });

  it('of an unknown region or an unreachable queue are a usage error, not a crash', async ({ bench }) => {
    const { ledger, config, redis } = await openFleet(bench);
    const usage = { at: ledger, config };
    const nowhere = await bench.run(['queue', 'dead', 'mars-1'], usage);
    expect(nowhere).toMatchObject({ code: 2, stdout: '' });
    expect(nowhere.stderr).toMatch(/unknown region mars-1\n.*us-east-1, eu-west-1/);
    await redis.down();
    const [shown, ...others] = await Promise.all([
      bench.run(['queue', 'show', '--json'], usage),
      bench.run(['queue', 'dead', region], usage),
      bench.run(['queue', 'requeue', region], usage),
    ]);
    for (const away of others) {
      expect(away).toMatchObject({ code: 4, stdout: '' });
      expect(away.stderr).toMatch(/^error: redis:\/\/127\.0\.0\.1:\d+\/0: connect ECONNREFUSED/);
    }
    const collected = await bench.run(['results', '--out', 'late.csv'], usage);
    expect(collected).toMatchObject({ code: 4, stdout: '' });
    expect(collected.stderr).toMatch(/^error: redis:\/\/127\.0\.0\.1:\d+\/9: /);
    expect(shown).toMatchObject({ code: 4 });
    expect(JSON.parse(shown.stdout)).toMatchObject({
      queues: [{ region, waiting: null, error: expect.stringContaining('ECONNREFUSED') as string }, {}, {}],
      results: { waiting: null, error: expect.any(String) as string },
    });
  });
});

describe.skipIf(!hasRedis).concurrent('dead letters on SQS, with ids kept in Redis', () => {
  it.runIf(isExhaustive)('are written by SQS, listed, requeued and solved', async ({ bench }) => {
    const server = await startFauxqs({ port: 0, logger: false });
    bench.afterwards(() => server.stop());
    const { queueArn } = server.createQueue('tasks-dead');
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn, maxReceiveCount: 2 });
    server.createQueue('tasks', { attributes: { RedrivePolicy } });
    server.createQueue('results');
    const urlOf = (name: string) => `sqs://${name}?region=${region}&endpoint=http://127.0.0.1:${server.port}`;
    const redis = await RedisServer.start();
    bench.afterwards(() => redis.stop());
    const ledger = await openLedger(bench);
    const regions = [{ name: region, queue: urlOf('tasks') }];
    const state = { results: urlOf('results'), fleet: { state: redis.url(8) } };
    const config = { regions, routes: { default: region }, worker: { concurrency: 20 }, ...state };
    const env = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
    const place = { bench, usage: { at: ledger, config, env } };
    const queue = new SqsTaskQueue(parseSqsUrl(urlOf('tasks'), null, {}), timing, { clock, state: null });
    await enqueue(place, queue);
    await wearOut(queue, 2);
    const worker = await bench.start(['worker', '--region', region, '--health-port', '0'], place.usage);
    await worker.said(/serves the queue of/);
    let document = await deadIn(place);
    while (document.count < count) document = await deadIn(place);
    expect(document.dead.map(({ taskId, reason }) => `${taskId} ${String(reason)}`).toSorted()).toEqual(
      ['t1', 't2', 't3'].map((task) => `${task} null`),
    );
    await recover(place);
    const rows = await rowsIn(bench, 'solved.csv');
    expectAccounted(rows, ledger, count);
    expect(column(rows, 'possibly_charged')).toEqual(Array(count).fill('false'));
    worker.signal('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
  });
});
