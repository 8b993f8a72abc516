import { startFauxqs } from 'fauxqs';
import { Redis } from 'ioredis';
import { describe, expect } from 'vitest';
import { SqsQueue } from '../../src/adapters/queues/sqs/sqs-queue.ts';
import { systemClock as clock } from '../../src/adapters/system/system-clock.ts';
import { parseSqsUrl } from '../../src/domain/sqs-url.ts';
import { RedisPair } from '../contract/support/redis-pair.ts';
import { hasRedis, RedisServer } from '../contract/support/redis-server.ts';
import { anImage } from '../support/an-image.ts';
import { openLedger, rowsIn, tasksCsv, until } from './support/batch.ts';
import { it } from './support/bench.ts';
import { openFleetAt, regionalCsv } from './support/fleet.ts';
import { expectAccounted } from './support/killed-batch.ts';

const region = 'us-east-1';
const batch = ['batch', 'tasks.csv', '--out', 'solved.csv', '--via', 'queues'];
process.env['AWS_ACCESS_KEY_ID'] ??= 'test';
process.env['AWS_SECRET_ACCESS_KEY'] ??= 'test';
const aws = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

describe.concurrent('the edges of queues on SQS', () => {
  it('a foreign dead letter, a missing queue and an image that is too large concern nothing else', async ({
    bench,
  }) => {
    const server = await startFauxqs({ port: 0, logger: false });
    bench.afterwards(() => server.stop());
    const { queueArn } = server.createQueue('tasks-dead');
    server.createQueue('tasks', {
      attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn, maxReceiveCount: 5 }) },
    });
    server.createQueue('results');
    const urlOf = (name: string) => `sqs://${name}?region=${region}&endpoint=http://127.0.0.1:${server.port}`;
    const deadLetters = new SqsQueue(parseSqsUrl(urlOf('tasks-dead'), null, {}), { clock });
    await deadLetters.send('what another program wrote');
    deadLetters.close();
    const ledger = await openLedger(bench);
    const regions = [
      { name: region, queue: urlOf('tasks') },
      { name: 'eu-west-1', queue: urlOf('missing') },
    ];
    const config = { regions, routes: { default: region, countries: false }, results: urlOf('results') };
    const usage = { at: ledger, config, env: aws };

    const shown = await bench.run(['queue', 'show', '--json'], usage);
    expect(shown, shown.stderr).toMatchObject({ code: 1 });
    expect(JSON.parse(shown.stdout)).toMatchObject({
      queues: [
        { region, waiting: 0, dead: 1, error: null },
        { region: 'eu-west-1', waiting: null, error: expect.stringContaining('missing') as string },
      ],
      results: { waiting: 0, error: null },
    });
    const dead = await bench.run(['queue', 'dead', region, '--json'], usage);
    expect(JSON.parse(dead.stdout)).toMatchObject({
      count: 1,
      dead: [{ taskId: null, reason: 'the message is not a task' }],
    });
    const requeued = await bench.run(['queue', 'requeue', region], usage);
    expect(requeued).toMatchObject({ code: 0, stdout: '0 tasks requeued\n' });

    await bench.write('work/large.png', anImage('png', 800_000));
    await bench.write(
      'work/tasks.csv',
      `${tasksCsv(3).replace('pageurl', 'pageurl,file').replaceAll(/(\d)$/gm, '$1,')}t4,base64,,,large.png\n`,
    );
    const worker = await bench.start(['worker', '--region', region, '--health-port', '0'], usage);
    const ended = await bench.run(batch, usage);
    expect(ended, ended.stderr).toMatchObject({ code: 1 });
    const rows = await rowsIn(bench, 'solved.csv');
    expect(rows.map(({ task_id: id, status, reason }) => [id, status, reason]).toSorted()).toEqual([
      ['t1', 'solved', ''],
      ['t2', 'solved', ''],
      ['t3', 'solved', ''],
      ['t4', 'failed', 'rejected'],
    ]);
    expect(ledger.sandbox.stats().accepted).toBe(3);
    const solve = ['solve', 'large.png', '--via', 'queues', '--json'];
    const alone = await bench.run(solve, usage);
    expect(JSON.parse(alone.stdout)).toMatchObject({
      reason: 'rejected',
      message: expect.stringMatching(
        /10\d{5} bytes is above the limit of 1048576 bytes; make the image smaller/,
      ) as string,
    });
    worker.signal('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
  });
});

describe.skipIf(!hasRedis).concurrent('the edges of queues on Redis', () => {
  it('a failover to a replica, with all connections left open, costs nothing', async ({ bench }) => {
    const pair = await RedisPair.start();
    bench.afterwards(() => pair.stop());
    const places = { queueOf: (_: string, index: number) => pair.proxy.url(index), results: pair.proxy.url(9) };
    const { ledger, usage, startWorker } = await openFleetAt(places, bench, {});
    await bench.write('work/tasks.csv', regionalCsv(60));
    const workers = await Promise.all(
      (['us-east-1', 'eu-west-1', 'ap-southeast-1'] as const).map((each) => startWorker(each)),
    );
    const running = await bench.start(batch, usage);
    await until(() => ledger.accepted.size > 10);
    await pair.failOver();
    const ended = await running.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expectAccounted(await rowsIn(bench, 'solved.csv'), ledger, 60);
    for (const worker of workers) worker.signal('SIGTERM');
    for (const worker of workers) expect(await worker.ended, worker.stderr).toMatchObject({ code: 0 });
  });

  it('a URL that cannot be used is refused before anything starts, by config validate too, without its password', async ({
    bench,
  }) => {
    const redis = await RedisServer.start();
    bench.afterwards(() => redis.stop());
    await bench.write('work/tasks.csv', tasksCsv(1));
    const at = await openLedger(bench);
    const good = redis.url(0);
    const refusals: readonly (readonly [queue: string, results: string, said: RegExp])[] = [
      ['redis://:se%cret@redis/0', good, /regions\[0\]\.queue.*encode % as %25/],
      [good, 'redis://:secret@redis/abc', /results.*must be a database number/],
      [good, 'redis://:secret@redis/-1', /results.*must be a database number/],
      [good, 'redis://:secret@redis/99999999999999999999', /results.*must be a database number/],
      ['sqs://tasks.fifo?region=us-east-1', good, /regions\[0\]\.queue.*use a standard queue/],
      ['sqs://tasks', good, /sqs:\/\/tasks: no AWS region/],
      [good, 'sqs://results', /sqs:\/\/results: no AWS region/],
      [good, 'memory:', /results is memory:/],
    ];
    for (const [queue, results, said] of refusals) {
      const config = { regions: [{ name: 'my-dc', queue }], routes: { default: 'my-dc' }, results };
      for (const args of [['config', 'validate'], batch]) {
        const ended = await bench.run(args, { at, config, env: { DEBUG: '*' } });
        expect(ended, `${args.join(' ')} ${queue} ${results}`).toMatchObject({ code: 2, stdout: '' });
        expect(ended.stderr).toMatch(said);
        expect(ended.stderr).not.toMatch(/secret|se%cret/);
      }
    }
  });

  it('a database that is not there is refused by the budget, and DEBUG prints no password', async ({ bench }) => {
    const redis = await RedisServer.start();
    bench.afterwards(() => redis.stop());
    const at = await openLedger(bench);
    const task = ['solve', '--method', 'turnstile', '--sitekey', '0x4AAA000001', '--pageurl', 'https://example.com'];
    const url = redis.url(99).replace('//', '//default:secret@');
    const ended = await bench.run(task, { at, config: { budget: { scope: url } }, env: { DEBUG: '*' } });
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(ended.stderr).not.toContain('secret');
    const client = new Redis(redis.url(0));
    expect(await client.keys('*')).toEqual([]);
    client.disconnect();
  });
});
