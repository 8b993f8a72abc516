import { describe, expect, it } from 'vitest';
import { describeFault } from '../../../src/domain/fault.ts';
import { aBatch, someItems, streamOf } from '../../support/batch-rig.ts';
import { MemoryJournal, nothingDurable } from '../../support/memory-journal.ts';
import { notReady, type Script } from '../../support/scripted-api.ts';
import { ran, scripted } from './support/ran.ts';

const full = describeFault({ kind: 'throttled', message: 'no thread', threadsFull: true });
const rejected = describeFault({ kind: 'rejected', message: 'bad parameters' });

describe('a full house', () => {
  it('costs neither an attempt nor a token, and is waited out', async () => {
    const submits = (): Script<'accepted'> => [
      { fault: full },
      { fault: full },
      { fault: full },
      { answer: 'accepted' },
    ];
    const { rows, events, running } = await ran(3, {
      api: scripted({ submits }),
      solver: { limits: { maxAttempts: 1, maxUnsolvable: 1 } },
    });
    expect(await running).toBeNull();
    expect(rows.map((row) => [row['status'], row['attempts']])).toEqual(Array(3).fill(['solved', '1']));
    expect(events.filter(({ type }) => type === 'retrying')).toEqual([]);
  });

  it('is not stormed: who waits for a thread keeps everybody else waiting', async () => {
    const submits = (): Script<'accepted'> => [{ latencyMs: 50, fault: full }];
    const batch = aBatch({ api: scripted({ submits }), concurrency: { start: 10, max: 10 } });
    const running = batch.run(streamOf(someItems(500)));
    await batch.clock.advance(60_000);
    const taken = batch.api.submissions.length;
    batch.interrupt.abort();
    await batch.clock.run();
    expect(await running).toBe('interrupted');
    // Ten at first, then fewer with every cut, then one in five seconds.
    expect(taken).toBeLessThan(50);
    expect(batch.limit.limit).toBe(1);
    expect(new Set(batch.api.submissions.map(({ taskId }) => taskId)).size).toBe(10);
  });
});

describe('a batch that is run again', () => {
  const polled = (): Script<typeof notReady> => [{ answer: notReady }];

  it('polls an id of the earlier run and pays nothing', async () => {
    const durable = nothingDurable();
    durable.progress.set('t1', { state: 'submitted', attempts: 2, captchaId: 't1-7', submittedAt: 0 });
    const { api, rows } = await ran(1, { journal: new MemoryJournal(durable) });
    expect(api.submissions).toEqual([]);
    expect(rows).toMatchObject([{ status: 'solved', captcha_id: 't1-7', attempts: '2', possibly_charged: 'false' }]);
  });

  it.each([
    [false, { status: 'solved', attempts: '2', possibly_charged: 'true' }, 1],
    [true, { status: 'failed', reason: 'in-doubt', attempts: '1', possibly_charged: 'true' }, 0],
  ])('marks a submission that was cut off (left as it is: %s)', async (leaveInDoubt, row, submissions) => {
    const durable = nothingDurable();
    durable.progress.set('t1', { state: 'in-doubt', attempts: 1 });
    const { api, rows } = await ran(1, { journal: new MemoryJournal(durable), options: { leaveInDoubt } });
    expect(api.submissions).toHaveLength(submissions);
    expect(rows).toMatchObject([row]);
  });

  async function failedBefore() {
    const durable = nothingDurable();
    const submits = (): Script<'accepted'> => [{ fault: rejected }];
    await ran(9, { journal: new MemoryJournal(durable), api: scripted({ submits }) });
    return durable;
  }

  it('gives failed tasks that it did not get to their rows back', async () => {
    const durable = await failedBefore();
    const journal = new MemoryJournal(durable);
    const { ids, rows } = await ran(9, { journal, options: { retryFailed: true }, bounds: { limit: 2 } });
    expect(ids.toSorted()).toEqual(someItems(9).map(({ key }) => key));
    expect(rows.filter((row) => row['status'] === 'solved')).toHaveLength(2);
  });

  it('does so in the order of the input, too, and does not wait for a task that it never began', async () => {
    const durable = await failedBefore();
    const batch = aBatch({
      api: scripted(),
      journal: new MemoryJournal(durable),
      options: { retryFailed: true, orderWindow: 3 },
      concurrency: { start: 1, max: 1 },
    });
    const running = batch.run(streamOf(someItems(9)));
    void batch.clock.sleep(1_000).then(() => batch.interrupt.abort());
    await batch.clock.run();
    expect(await running).toBe('interrupted');
    expect(batch.rows.map((row) => row['task_id'])).toEqual(someItems(9).map(({ key }) => key));
  });

  it('solves again what had expired, once', async () => {
    const durable = nothingDurable();
    await ran(3, { journal: new MemoryJournal(durable) });
    const again = await ran(3, { journal: new MemoryJournal(durable), options: { resolveExpiredAt: 1e9 } });
    expect(again.rows).toHaveLength(3);
    expect((await ran(3, { journal: new MemoryJournal(durable), api: scripted({ polls: polled }) })).rows).toEqual([]);
  });
});
