import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TaskRefusedError } from '../../src/domain/errors.ts';
import { type QueuedTask, queueIdOf } from '../../src/domain/queued-task.ts';
import type { TaskLease, TaskQueue } from '../../src/ports/queues.ts';
import { messageOf } from '../../src/protocol/queue-messages.ts';
import { aTask } from '../support/builders.ts';
import * as queued from '../support/queued.ts';
import { benches, type QueueBench } from './support/queue-benches.ts';

const never = new AbortController().signal;
let count = 0;

/** What other programs, or damaged ones, could write. */
const foreign = (run: string): readonly string[] => {
  const { progress, ...withoutProgress } = queued.aQueuedTask(90, { run });
  return [
    'no JSON',
    '{"run":',
    'null',
    '[]',
    '7',
    '"text"',
    '{}',
    JSON.stringify({ run, key: queued.keyOf(91) }),
    JSON.stringify(withoutProgress),
    JSON.stringify(queued.aQueuedTask(92, { run, progress: { ...progress, state: 'paid' } as never })),
    JSON.stringify({ ...queued.aQueuedTask(93, { run }), enqueuedAt: 'NaN' }),
    JSON.stringify({ ...queued.aQueuedTask(94, { run }), key: '94' }),
  ];
};

describe.each(benches)('messages in the queues of %s', (_name, open) => {
  let bench: QueueBench;
  let region: string;
  let run: string;
  let queue: TaskQueue;

  const aQueuedTask = (n: number, special: Partial<QueuedTask> = {}): QueuedTask =>
    queued.aQueuedTask(n, { run, ...special });
  /** Receives until nothing has come for a while. */
  const receiveAll = async (): Promise<readonly TaskLease[]> => {
    const leases: TaskLease[] = [];
    for (let more = await queue.receive(20, 2_000, never); more.length > 0;) {
      leases.push(...more);
      more = await queue.receive(20, 1_000, never);
    }
    return leases;
  };

  beforeAll(async () => {
    bench = await open();
  });
  afterAll(() => bench.stop());
  beforeEach(() => {
    count += 1;
    [region, run] = [`messages-${count}`, `run-${count}-m`];
    queue = bench.tasks(region);
  });
  afterEach(() => queue.close());

  it('that are no tasks become dead letters with a reason, and hold nothing up', async () => {
    if (bench.inject === null) return;
    const texts = foreign(run);
    await queue.send([aQueuedTask(1)]);
    for (const text of texts) await bench.inject(region, text);
    await queue.send([aQueuedTask(2)]);
    const leases = await receiveAll();
    expect(leases.map((lease) => lease.queued).toSorted((a, b) => a.key.localeCompare(b.key))).toEqual([
      aQueuedTask(1, { enqueuedAt: expect.any(Number) as number }),
      aQueuedTask(2, { enqueuedAt: expect.any(Number) as number }),
    ]);
    await Promise.all(leases.map((lease) => lease.ack()));
    await expect.poll(() => queue.depth()).toMatchObject({ waiting: 0, inFlight: 0, dead: texts.length });
    const dead = await queue.dead(100);
    expect(dead).toHaveLength(texts.length);
    for (const { queued: task, reason } of dead) {
      expect(task).toBeNull();
      expect(reason).toMatch(/^the message is not a task/);
    }
    const told = bench.notices.filter((notice) => notice.includes(region));
    expect(told).toHaveLength(texts.length);
    for (const notice of told) expect(notice).toMatch(/is now a dead letter: the message is not a task/);
    expect(await queue.requeue(null)).toBe(0);
    expect((await queue.depth()).oldestAgeMs).toBeNull();
  });

  it('of an earlier version are tasks, and those of a newer one stay for its workers', async () => {
    if (bench.inject === null) return;
    const [old, newer] = [aQueuedTask(1), { ...aQueuedTask(2), schemaVersion: 2 }];
    await bench.inject(region, JSON.stringify(old));
    await bench.inject(region, JSON.stringify(newer));
    const leases = await receiveAll();
    expect(leases.map((lease) => lease.queued)).toEqual([old]);
    await Promise.all(leases.map((lease) => lease.ack()));
    expect(
      bench.notices.filter((notice) => notice.includes('schemaVersion 2') && notice.includes(region)),
    ).toHaveLength(1);
    const { waiting, inFlight, dead } = await queue.depth();
    expect([waiting + inFlight, dead]).toEqual([1, 0]);
  });

  it('that are foreign dead letters do not stop anything that looks at dead letters', async () => {
    if (bench.injectDead === null) return;
    const task = aQueuedTask(1);
    await bench.injectDead(region, ['no JSON', '{}', JSON.stringify(messageOf(task)), 'null']);
    expect(await queue.findDead(new Set([queueIdOf(task), queueIdOf(aQueuedTask(2))]))).toMatchObject([
      { id: queueIdOf(task), queued: task },
    ]);
    expect((await queue.dead(10)).filter((dead) => dead.queued === null)).toHaveLength(3);
    expect(await queue.requeue(null)).toBe(1);
    expect((await receiveAll()).map((lease) => lease.queued)).toEqual([task]);
    expect(await queue.dead(10)).toHaveLength(3);
  });

  it('that are dead letters are found among any number of others', async () => {
    if (bench.injectDead === null) return;
    const ours = aQueuedTask(700);
    const others = Array.from({ length: 600 }, (_, index) => JSON.stringify(messageOf(aQueuedTask(index + 1))));
    await bench.injectDead(region, [...others.slice(0, 300), JSON.stringify(messageOf(ours)), ...others.slice(300)]);
    const found = await queue.findDead(new Set([queueIdOf(ours)]));
    expect(found.map(({ id }) => id)).toEqual([queueIdOf(ours)]);
    await expect.poll(async () => (await queue.depth()).dead).toBe(601);
  });

  it('return uncounted if the task was not the cause', async () => {
    if (!bench.remembers) return;
    await queue.send([aQueuedTask(1)]);
    for (let delivery = 1; delivery <= 3; delivery += 1) {
      const [lease] = await queue.receive(1, 10_000, never);
      expect(lease?.delivery).toBe(1);
      expect(await lease?.releaseUncounted()).toBe(true);
    }
    const [last] = await queue.receive(1, 10_000, never);
    await last?.release();
    expect((await queue.receive(1, 10_000, never)).map(({ delivery }) => delivery)).toEqual([2]);
  });

  it('that are too large are refused one by one, with size, limit and fix', async () => {
    const large = aQueuedTask(2, { task: aTask({ body: 'x'.repeat(1_100_000) }) });
    const { fresh, failed } = await queue.send([aQueuedTask(1), large, aQueuedTask(3)]);
    const refused = failed.get(queueIdOf(large));
    if (failed.size > 0) {
      expect(refused).toBeInstanceOf(TaskRefusedError);
      expect(refused?.message).toMatch(
        /does not take the task: .*11\d{5} bytes .*1048576 bytes; make the image smaller/,
      );
    }
    expect(fresh.size + failed.size).toBe(3);
    expect(failed.size).toBeLessThanOrEqual(1);
  });

  it('that are no results leave their task in doubt, and their neighbours as they are', async () => {
    const { injectResult } = bench;
    if (injectResult === null) return;
    const results = bench.results();
    const [before, after] = [queued.aResult(1, { run }), queued.aResult(3, { run })];
    await results.push(before);
    await injectResult({ run, key: queued.keyOf(2) }, JSON.stringify({ run, key: queued.keyOf(2), outcome: 'paid' }));
    await injectResult(
      { run, key: queued.keyOf(4) },
      JSON.stringify({ ...queued.aResult(4, { run }), schemaVersion: 2 }),
    );
    await injectResult({ run, key: queued.keyOf(5) }, JSON.stringify(queued.aResult(5, { run })));
    await results.push(after);
    const reader = results.reader(run);
    const found = new Map<string, object>();
    while (found.size < 4) {
      const leases = await reader.receive(10, 3_000, never);
      if (leases.length === 0) break;
      for (const { result } of leases) found.set(result.key, result);
      await Promise.all(leases.map((lease) => lease.ack()));
    }
    expect([...found.keys()].toSorted()).toEqual([1, 2, 3, 5].map(queued.keyOf));
    expect([found.get(before.key), found.get(after.key)]).toEqual([before, after]);
    expect(found.get(queued.keyOf(2))).toMatchObject({
      outcome: { status: 'failed', reason: 'in-doubt', message: expect.stringContaining('is not a result') as string },
      possiblyCharged: true,
    });
    expect(
      bench.notices.filter((notice) => /a result.*schemaVersion 2|schemaVersion 2.*results/.test(notice)),
    ).toHaveLength(1);
    await reader.close();
    await results.close();
  });
});
