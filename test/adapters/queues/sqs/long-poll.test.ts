import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqsQueue } from '../../../../src/adapters/queues/sqs/sqs-queue.ts';
import { SqsResultQueue } from '../../../../src/adapters/queues/sqs/sqs-result-queue.ts';
import { SqsTaskQueue } from '../../../../src/adapters/queues/sqs/sqs-task-queue.ts';
import { parseSqsUrl } from '../../../../src/domain/sqs-url.ts';
import { systemClock as clock } from '../../../../src/adapters/system/system-clock.ts';
import { aQueuedTask, aResult } from '../../../support/queued.ts';

process.env['AWS_ACCESS_KEY_ID'] ??= 'test';
process.env['AWS_SECRET_ACCESS_KEY'] ??= 'test';

const timing = { visibilityMs: 18_000, maxHoldMs: 3_600_000 };
const never = new AbortController().signal;
const addressAt = (port: number) => parseSqsUrl(`sqs://q?region=us-east-1&endpoint=http://127.0.0.1:${port}`, null, {});

describe('the seconds of a poll', () => {
  it.each([
    [0, 0],
    [400, 0],
    [999.9, 1],
    [9_999.9, 10],
    [60_000, 20],
  ])('for %d ms are %d', async (waitMs, seconds) => {
    const asked: unknown[] = [];
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      asked.push(JSON.parse(await text(request)));
      response.end(JSON.stringify({ QueueUrl: 'http://127.0.0.1/q' }));
    };
    const server = createServer((request, response) => void answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const queue = new SqsQueue(addressAt((server.address() as AddressInfo).port), { clock });
    expect(await queue.receive(1, { waitMs, visibilityS: 18, signal: never })).toEqual([]);
    queue.close();
    server.close();
    expect(asked).toMatchObject([{ QueueName: 'q' }, { WaitTimeSeconds: seconds }]);
  });
});

/** This server continues a poll whose client has disconnected, and hides the messages of its answer. */
describe('a message released during a cancelled poll', () => {
  /** Without the tested code, the message would reappear after its visibility timeout of 18 s. */
  const soonMs = 3_000;
  let server: FauxqsServer;
  let calledOff: AbortController;
  beforeEach(async () => {
    server = await startFauxqs({ port: 0, logger: false });
    server.createQueue('q');
    calledOff = new AbortController();
  });
  afterEach(() => server.stop());

  const callOff = async (polling: Promise<readonly unknown[]>): Promise<void> => {
    await clock.sleep(200);
    calledOff.abort();
    expect(await polling).toEqual([]);
  };

  it('reaches the next worker soon after the queue is closed', async () => {
    const open = () => new SqsTaskQueue(addressAt(server.port), timing, { clock, state: null });
    const [first, second] = [open(), open()];
    await first.send([aQueuedTask(1)]);
    const [lease] = await first.receive(1, 1_000, never);
    await callOff(first.receive(1, 10_000, calledOff.signal));
    expect(await lease!.release()).toBe(true);
    await first.close();
    const [again] = await second.receive(1, soonMs, never);
    expect(again?.queued.key).toBe(aQueuedTask(1).key);
    await second.close();
  });

  it('reaches the next reader soon after the reader is closed', async () => {
    const results = new SqsResultQueue(addressAt(server.port), timing, { clock, state: null });
    const [first, second] = [results.reader(null), results.reader(null)];
    await results.push(aResult(1));
    expect(await first.receive(1, 1_000, never)).toHaveLength(1);
    await callOff(first.receive(1, 10_000, calledOff.signal));
    await first.close();
    expect((await second.receive(1, soonMs, never)).map(({ result }) => result)).toEqual([aResult(1)]);
    await second.close();
    await results.close();
  });
});
