import { describe, expect, it } from 'vitest';
import type { BatchDeps } from '../../../src/core/batch/run-batch.ts';
import { describeFault } from '../../../src/domain/fault.ts';
import { aBatch, someItems, streamOf } from '../../support/batch-harness.ts';
import { MemoryJournal, nothingDurable } from '../../support/memory-journal.ts';
import { notReady, type Script } from '../../support/scripted-api.ts';
import { ran, scripted } from './support/ran.ts';

const full = describeFault({ kind: 'throttled', message: 'no thread', threadsFull: true });
const rejected = describeFault({ kind: 'rejected', message: 'bad parameters' });

describe('an account whose threads are all busy', () => {
  it('costs neither an attempt nor a token, and the batch waits', async () => {
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

  it('neither counts towards --max-submissions nor lets it be exceeded', async () => {
    // Eight of the first ten get a no-slot answer, after the limit seems to be reached.
    const isFirst = new Set<string>();
    const submits = ({ taskId }: { taskId: string }): Script<'accepted'> => {
      isFirst.add(taskId);
      const taken = isFirst.size <= 8 ? [{ latencyMs: 50, fault: full }] : [];
      return [...taken, { latencyMs: 50, answer: 'accepted' }] as unknown as Script<'accepted'>;
    };
    const { rows, running, rules } = await ran(20, {
      api: scripted({ submits }),
      concurrency: { start: 12, max: 12 },
      bounds: { maxSubmissions: 10 },
    });
    expect(await running).toBe('max-submissions');
    expect(rows).toHaveLength(10);
    expect(rules.submissionCount).toBe(10);
  });

  it('is not flooded: a task that waits for a thread holds back all others', async () => {
    const submits = (): Script<'accepted'> => [{ latencyMs: 50, fault: full }];
    const batch = aBatch({ api: scripted({ submits }), concurrency: { start: 10, max: 10 } });
    const running = batch.run(streamOf(someItems(500)));
    await batch.clock.advance(60_000);
    const taken = batch.api.submissions.length;
    batch.interrupt.abort();
    await batch.clock.run();
    expect(await running).toBe('interrupted');
    // Ten at first, fewer after every cut, then one in five seconds.
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
  ])('marks a submission that was cut off (not resubmitted: %s)', async (leaveInDoubt, row, submissions) => {
    const durable = nothingDurable();
    durable.progress.set('t1', { state: 'in-doubt', attempts: 1 });
    const { api, rows } = await ran(1, { journal: new MemoryJournal(durable), options: { leaveInDoubt } });
    expect(api.submissions).toHaveLength(submissions);
    expect(rows).toMatchObject([row]);
  });

  it('adds up the attempts of a task that is solved again', async () => {
    const durable = nothingDurable();
    const submits = (): Script<'accepted'> => [{ fault: rejected }];
    await ran(1, { journal: new MemoryJournal(durable), api: scripted({ submits }) });
    const options = { retryFailed: true };
    const twice = await ran(1, { journal: new MemoryJournal(durable), options, api: scripted({ submits }) });
    expect(twice.rows).toMatchObject([{ status: 'failed', attempts: '2', possibly_charged: 'false' }]);
    const { rows, api } = await ran(1, { journal: new MemoryJournal(durable), options });
    expect(rows).toMatchObject([{ status: 'solved', attempts: '3', possibly_charged: 'false' }]);
    expect(api.submissions).toHaveLength(1);
  });

  it('gives it all its attempts again', async () => {
    const durable = nothingDurable();
    const unsolvable = describeFault({ kind: 'unsolvable', message: 'nobody could' });
    const solver = { limits: { maxAttempts: 3, maxUnsolvable: 9 } };
    const polls = (): Script<never> => [{ fault: unsolvable }];
    await ran(1, { journal: new MemoryJournal(durable), solver, api: scripted({ polls }) });
    const again = { journal: new MemoryJournal(durable), solver, api: scripted({ polls }) };
    const { rows, api } = await ran(1, { ...again, options: { retryFailed: true } });
    expect(rows).toMatchObject([{ status: 'failed', attempts: '6' }]);
    expect(api.submissions).toHaveLength(3);
  });

  it.each([
    ['intend', '3'],
    // The submission whose id was not recorded counts.
    ['submitted', '4'],
    ['finished', '3'],
  ])(
    'keeps the mark of a failed task that may have been paid for, even if it is cut off at %s',
    async (cut, attempts) => {
      const durable = nothingDurable();
      durable.progress.set('t1', { state: 'in-doubt', attempts: 2 });
      await ran(1, { journal: new MemoryJournal(durable), options: { leaveInDoubt: true } });
      const options = { retryFailed: true };
      const never = new Promise<void>(() => undefined);
      const stuck = new MemoryJournal(durable, (type) => (type === cut ? never : Promise.resolve()));
      await ran(1, { journal: stuck, options });
      const { rows } = await ran(1, { journal: new MemoryJournal(durable), options });
      expect(rows).toMatchObject([{ status: 'solved', attempts, possibly_charged: 'true' }]);
    },
  );

  async function failedBefore() {
    const durable = nothingDurable();
    const submits = (): Script<'accepted'> => [{ fault: rejected }];
    await ran(9, { journal: new MemoryJournal(durable), api: scripted({ submits }) });
    return durable;
  }

  it('keeps the rows of failed tasks that it did not reach', async () => {
    const durable = await failedBefore();
    const journal = new MemoryJournal(durable);
    const { ids, rows } = await ran(9, { journal, options: { retryFailed: true }, bounds: { limit: 2 } });
    expect(ids.toSorted()).toEqual(someItems(9).map(({ key }) => key));
    expect(rows.filter((row) => row['status'] === 'solved')).toHaveLength(2);
  });

  it('also keeps them in input order, and does not wait for a task that it never started', async () => {
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

  it.each([null, 3])('does not retry a failed task with used-up inputs (order window %s)', async (orderWindow) => {
    const durable = await failedBefore();
    const isUsedUp: BatchDeps['isUsedUp'] = ({ key }) => key === 't2' || key === 't5';
    const again = { journal: new MemoryJournal(durable), options: { retryFailed: true, orderWindow }, isUsedUp };
    const { rows, ids, api } = await ran(9, again);
    expect(api.submissions.map(({ taskId }) => taskId).toSorted()).not.toContain('t2');
    expect(api.submissions).toHaveLength(7);
    expect(ids.toSorted()).toEqual(someItems(9).map(({ key }) => key));
    expect(rows.filter((row) => row['status'] === 'failed').map((row) => row['task_id'])).toEqual(['t2', 't5']);
  });

  it('solves expired tasks again, once', async () => {
    const durable = nothingDurable();
    await ran(3, { journal: new MemoryJournal(durable) });
    const again = await ran(3, { journal: new MemoryJournal(durable), options: { resolveExpiredAt: 1e9 } });
    expect(again.rows).toHaveLength(3);
    expect((await ran(3, { journal: new MemoryJournal(durable), api: scripted({ polls: polled }) })).rows).toEqual([]);
  });

  it('does not solve tasks again that were delivered before they expired', async () => {
    const durable = nothingDurable();
    await ran(3, { journal: new MemoryJournal(durable) });
    const wasExpired = (values: Readonly<Record<string, string>>): boolean => values['task_id'] === 't2';
    const again = { journal: new MemoryJournal(durable), options: { resolveExpiredAt: 1e9, wasExpired } };
    expect((await ran(3, again)).api.submissions.map(({ taskId }) => taskId)).toEqual(['t2']);
  });
});
