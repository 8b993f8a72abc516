import { Queue, Worker } from 'bullmq';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { Redis } from 'ioredis';
import { describe, expect } from 'vitest';
import { hasRedis, RedisServer } from '../contract/support/redis-server.ts';
import { type Golden, type GoldenUsage, it, transcript } from './support/golden.ts';

const region = 'us-east-1';
const tasks = 'task_id,method,sitekey,pageurl\na,turnstile,0x4A,https://example.com/a\n';
const quick = { polling: { firstWait: '0ms', interval: '20ms' }, routes: { default: region } };

/** What a database of Redis has under keys that fit, as JSON. */
async function dump(url: string, fits = /./): Promise<string> {
  const redis = new Redis(url);
  const readers: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
    string: (key) => redis.get(key),
    // Redis keeps no order of fields, nor of members.
    hash: async (key) => Object.fromEntries(Object.entries(await redis.hgetall(key)).sort()),
    list: (key) => redis.lrange(key, 0, -1),
    set: async (key) => (await redis.smembers(key)).sort(),
    zset: (key) => redis.zrange(key, '0', '-1'),
    stream: async () => '<stream>',
  };
  const content: [string, unknown][] = [];
  const keys = (await redis.keys('*')).filter((key) => fits.test(key));
  for (const key of keys) content.push([key, await readers[await redis.type(key)]!(key)]);
  redis.disconnect();
  content.sort(([one], [other]) => (one < other ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(content), null, 2)}\n`;
}

/** The bodies of the messages of a queue, one a line. */
function bodiesIn(server: FauxqsServer, name: string): string {
  const { messages } = server.inspectQueue(name)!;
  return [...messages.ready, ...messages.inflight.map(({ message }) => message)]
    .map(({ body }) => `${body}\n`)
    .join('');
}

/** Starts a batch, and ends it as soon as its task is in the queue. */
async function enqueue(golden: Golden, usage: GoldenUsage, isQueued: () => Promise<boolean>): Promise<string> {
  await golden.bench.write('work/tasks.csv', tasks);
  const args = ['batch', 'tasks.csv', '--out', 'solved.csv', '--via', 'queues'];
  const running = await golden.bench.start(args, usage);
  await expect.poll(isQueued).toBe(true);
  running.signal('SIGTERM');
  return transcript(await running.ended);
}

/** Sets the one task of a BullMQ queue aside, as a worker does that gives it up. */
async function moveAside(url: string): Promise<void> {
  const { port } = new URL(url);
  const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
  const prefix = `{captcha:${region}}`;
  const worker = new Worker('tasks', null, { connection, prefix, autorun: false });
  const job = await worker.getNextJob('golden');
  const reason = new Error('its workers died');
  delete reason.stack;
  await job.moveToFailed(reason, 'golden', false);
  await worker.close();
  const queue = new Queue('tasks', { connection, prefix });
  expect(await queue.getFailedCount()).toBe(1);
  await queue.close();
}

/** The figures of this moment: how deep the queue was at the last look, and whether the task was acknowledged by then. */
function withoutMoments(page: string): string {
  return page
    .replaceAll(/"status":"(idle|healthy)"/g, '"status":"<idle or healthy>"')
    .replaceAll(/"(queueDepth|busy|inFlight|oldestAgeMs)":(\d+(\.\d+)?|null)/g, '"$1":<number>')
    .replaceAll(/^captcha_queue_oldest_age_seconds\{.*\n/gm, '')
    .replaceAll(/^captcha_(account_|requests_total.*"account").*\n/gm, '')
    .replaceAll(/^(captcha_\w+_seconds_(bucket|sum)\{.*\}) .*/gm, '$1 <number>')
    .replaceAll(/^(captcha_(queue_waiting|queue_in_flight|tasks_in_work|polls_total)\{.*\}) \d+/gm, '$1 <number>')
    .replaceAll(/^(captcha_(requests_total|budget_tokens|budget_accepted_total)\{.*\}) [\d.]+/gm, '$1 <number>')
    .replaceAll(/version="[^"]+"/g, 'version="<version>"');
}

/** Has a worker solve the one task, and compares what it answers over HTTP after that. */
async function compareWorker(golden: Golden, usage: GoldenUsage): Promise<void> {
  const args = ['worker', '--region', region, '--concurrency', '4', '--health-port', '0', '--log-format', 'json', '-v'];
  const running = await golden.bench.start(args, usage);
  await running.said(/http:\/\/[\d.]+:\d+\/health/);
  const [url] = /http:\/\/[\d.]+:\d+(?=\/health)/.exec(running.stderr + running.stdout)!;
  const read = async (page: string): Promise<string> => (await fetch(`${url}/${page}`)).text();
  await expect.poll(() => read('metrics')).toMatch(/solved\D* 1$/m);
  for (const page of ['health', 'metrics', 'livez', 'readyz']) {
    await golden.compare(`worker/${page}`, withoutMoments(await read(page)));
  }
  running.signal('SIGTERM');
  await golden.compare('worker/log', transcript(await running.ended));
}

describe.concurrent('queues inside the process', () => {
  it.for([
    ['queue/sandbox', '--sandbox queue show --json'],
    ['results/sandbox', '--sandbox results --run none'],
    ['worker/sandbox', '--sandbox worker --region nowhere'],
  ] as const)('%s', async ([name, line], { golden }) => {
    await golden.compareRun(name, line, { config: null, form: 'table' });
  });
});

describe.skipIf(!hasRedis)('queues in Redis', () => {
  it('a task, its progress as a dead letter, its result, and what the commands say of them', async ({ golden }) => {
    const redis = await RedisServer.start({ durable: false });
    golden.bench.afterwards(() => redis.stop());
    const config = { ...quick, regions: [{ name: region, queue: redis.url() }], results: redis.url(9) };
    const usage = { at: await golden.startSandbox(), config };
    const isQueued = async (): Promise<boolean> => (await dump(redis.url())).includes(':wait"');
    await golden.compare('queue/redis-interrupted', await enqueue(golden, usage, isQueued));
    await golden.compare('queue/redis-task', await dump(redis.url(), /:tasks:b-/));
    await golden.compareRun('queue/redis-show', 'queue show --json', usage);
    await golden.compareRun('queue/redis-show-text', 'queue show', { ...usage, form: 'table' });
    await moveAside(redis.url());
    await golden.compareRun('queue/redis-dead', `queue dead ${region} --json`, usage);
    await golden.compareRun('queue/redis-dead-text', `queue dead ${region}`, { ...usage, form: 'table' });
    await golden.compareRun('queue/redis-requeue', `queue requeue ${region} --json`, usage);
    await compareWorker(golden, usage);
    await golden.compare('queue/redis-result', await dump(redis.url(9)));
    await golden.compareRun('results/csv', 'results', { ...usage, form: 'csv' });
  });
});

describe('queues in SQS', () => {
  it('the body of a task and of its result', async ({ golden }) => {
    const server = await startFauxqs({ port: 0, logger: false });
    golden.bench.afterwards(() => server.stop());
    const { queueArn } = server.createQueue('dead');
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn, maxReceiveCount: '100' });
    server.createQueue('tasks', { attributes: { RedrivePolicy } });
    for (const name of ['results', 'solved']) server.createQueue(name);
    const urlOf = (name: string): string => `sqs://${name}?region=us-east-1&endpoint=http://127.0.0.1:${server.port}`;
    const config = { ...quick, regions: [{ name: region, queue: urlOf('tasks') }], results: urlOf('results') };
    const env = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
    const usage = { at: await golden.startSandbox(), config, env };
    await enqueue(golden, usage, async () => bodiesIn(server, 'tasks') !== '');
    await golden.compare('queue/sqs-task', bodiesIn(server, 'tasks'));
    // A poll of the batch may still be open at the emulator, and take what comes into its queue.
    const solved = { ...usage, config: { ...config, results: urlOf('solved') } };
    await golden.run(`worker --region ${region} --exit-when-idle 1s --health-port 0`, solved);
    await golden.compare('queue/sqs-result', bodiesIn(server, 'solved'));
    await golden.compareRun('results/jsonl', 'results --format jsonl', solved);
  });
});
