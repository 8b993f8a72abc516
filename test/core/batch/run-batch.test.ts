import { describe, expect, it } from 'vitest';
import { describeFault, type Fault } from '../../../src/domain/fault.ts';
import type { Task } from '../../../src/domain/task.ts';
import { aBatch, type BatchRigParts, someItems, streamOf } from '../../support/batch-rig.ts';
import { aFault } from '../../support/builders.ts';
import { MemoryJournal, nothingDurable } from '../../support/memory-journal.ts';
import { notReady, ready, ScriptedApi, type ScriptedAnswers, type Script } from '../../support/scripted-api.ts';
import { wellBehaved } from '../../support/solver-rig.ts';

const account = describeFault({ kind: 'account', message: 'no balance', code: 'ERROR_ZERO_BALANCE' });
const full = describeFault({ kind: 'throttled', message: 'no thread', threadsFull: true });
const rejected = describeFault({ kind: 'rejected', message: 'bad parameters' });

const scripted =
  (answers: Partial<ScriptedAnswers> = {}): BatchRigParts['api'] =>
  (clock) =>
    new ScriptedApi({ ...wellBehaved, ...answers }, { clock });

/** Tasks with a fault get it at every submission. */
const failing = (faults: Readonly<Record<string, Fault>>) => (task: Task): Script<'accepted'> => {
  const fault = faults[task.taskId];
  return fault === undefined ? [{ answer: 'accepted' }] : [{ fault }];
};

async function ran(count: number, parts: Partial<BatchRigParts> = {}) {
  const batch = aBatch({ api: scripted(), ...parts });
  const running = batch.run(streamOf(someItems(count)));
  running.catch(() => undefined);
  await batch.clock.run();
  return { ...batch, running, api: batch.api as ScriptedApi, ids: batch.rows.map((row) => row['task_id']) };
}

describe('a batch', () => {
  it('writes one row per task', async () => {
    const { running, ids } = await ran(10);
    expect(await running).toBeNull();
    expect(ids.toSorted()).toEqual(someItems(10).map(({ key }) => key).toSorted());
  });

  it('journals every step of a task before it takes it', async () => {
    const journal = new MemoryJournal();
    const { api } = await ran(1, { journal });
    expect(journal.records.map(({ type }) => type)).toEqual(['intend', 'submitted', 'finished']);
    expect(api.calls.map(({ type }) => type)).toEqual(['submit', 'poll', 'poll']);
  });

  it.each([
    ['intend', []],
    ['submitted', ['submit']],
    ['finished', ['submit', 'poll', 'poll']],
  ])('takes no step before the record %s is durable', async (stuck, calls) => {
    const never = new Promise<void>(() => undefined);
    const journal = new MemoryJournal(nothingDurable(), (type) => (type === stuck ? never : Promise.resolve()));
    const { api, rows } = await ran(1, { journal });
    expect(api.calls.map(({ type }) => type)).toEqual(calls);
    expect(rows).toEqual([]);
  });

  it('never has more tasks in work than the limit allows', async () => {
    const { api } = await ran(20, { concurrency: { start: 3, max: 3 } });
    const first = api.submissions.map(({ sentMs }) => sentMs).filter((ms) => ms === 0);
    expect(first).toHaveLength(3);
  });

  it('keeps the order of the input, whatever ends first', async () => {
    const answers = { polls: (id: string): Script<typeof ready> => [{ latencyMs: id === 't1-1' ? 9_000 : 0, answer: ready }] };
    const { ids } = await ran(5, { api: scripted(answers as Partial<ScriptedAnswers>), options: { orderWindow: 3 } });
    expect(ids).toEqual(['t1', 't2', 't3', 't4', 't5']);
  });

  it.each(['intend', 'submitted', 'finished'])('ends at once with the error of the journal at %s', async (type) => {
    const error = new Error('disk full');
    const journal = new MemoryJournal(nothingDurable(), (step, key) =>
      step === type && key === 't2' ? Promise.reject(error) : Promise.resolve(),
    );
    const { running } = await ran(9, { journal });
    await expect(running).rejects.toBe(error);
  });

  it.each([null, 3])('ends at once with the error of the output, order window %s', async (orderWindow) => {
    const error = new Error('disk full');
    const { running, api } = await ran(30, { write: () => Promise.reject(error), options: { orderWindow } });
    await expect(running).rejects.toBe(error);
    expect(api.submissions.length).toBeLessThanOrEqual(8);
  });

  it('ends with the error of the input, and no submission follows', async () => {
    const batch = aBatch({ api: scripted() });
    async function* broken() {
      yield* someItems(2);
      throw new Error('unreadable');
    }
    const running = batch.run(broken());
    running.catch(() => undefined);
    await batch.clock.run();
    await expect(running).rejects.toThrow('unreadable');
    expect((batch.api as ScriptedApi).submissions).toHaveLength(2);
  });
});

describe('a batch that stops', () => {
  it('leaves tasks open where the account is refused, and says why', async () => {
    const { running, rules, rows, journal, api } = await ran(9, { api: scripted({ submits: failing({ t3: account }) }) });
    expect(await running).toBe('account');
    expect(rules.message).toContain('no balance');
    expect(rows.map((row) => row['task_id']).toSorted()).toEqual(['t1', 't2', 't4']);
    expect(journal.progressOf('t3')).toEqual({ state: 'new' });
    expect(api.submissions).toHaveLength(4);
  });

  it('collects what is in flight when it is interrupted, and begins nothing more', async () => {
    const batch = aBatch({ api: scripted() });
    const running = batch.run(streamOf(someItems(9)));
    void batch.clock.sleep(1_000).then(() => batch.interrupt.abort());
    await batch.clock.run();
    expect(await running).toBe('interrupted');
    expect(batch.rows.map((row) => row['status'])).toEqual(['solved', 'solved', 'solved', 'solved']);
  });

  it.each([
    // The first failure made room for one more.
    ['max-failures', { maxFailures: 2 }, { t1: rejected, t2: rejected }, 5],
    ['max-submissions', { maxSubmissions: 4 }, {}, 4],
    ['max-duration', { maxDurationMs: 10_000 }, {}, 4],
    ['limit', { limit: 4 }, {}, 4],
  ] as const)('stops for %s and keeps what it began', async (reason, bounds, faults, begun) => {
    const { running, api, rows } = await ran(30, { bounds, api: scripted({ submits: failing(faults) }) });
    expect(await running).toBe(reason);
    expect(api.submissions).toHaveLength(begun);
    expect(rows).toHaveLength(begun);
  });

  it('takes the account for the reason, though the limit was reached before', async () => {
    const polls = (): Script<never> => [{ fault: account }];
    const { running } = await ran(9, { bounds: { limit: 2 }, api: scripted({ polls }) });
    expect(await running).toBe('account');
  });

  it('submits no more than it may, retries included', async () => {
    const submits = (): Script<'accepted'> => [{ fault: aFault() }];
    const { running, api } = await ran(3, { bounds: { maxSubmissions: 5 }, api: scripted({ submits }) });
    expect(await running).toBe('max-submissions');
    expect(api.submissions).toHaveLength(5);
  });

  it('says that nothing stopped it where the limit is exactly what there is', async () => {
    const { running } = await ran(3, { bounds: { limit: 3 } });
    expect(await running).toBeNull();
  });
});

describe('a full house', () => {
  it('costs neither an attempt nor a token, and is waited out', async () => {
    const submits = (): Script<'accepted'> => [{ fault: full }, { fault: full }, { fault: full }, { answer: 'accepted' }];
    const { rows, events, running } = await ran(3, { api: scripted({ submits }), solver: { limits: { maxAttempts: 1, maxUnsolvable: 1 } } });
    expect(await running).toBeNull();
    expect(rows.map((row) => [row['status'], row['attempts']])).toEqual(Array(3).fill(['solved', '1']));
    expect(events.filter(({ type }) => type === 'retrying')).toEqual([]);
  });

  it('is not stormed: who waits for a thread keeps everybody else waiting', async () => {
    let taken = 0;
    const submits = (): Script<'accepted'> => [{ latencyMs: 50, fault: full }];
    const batch = aBatch({ api: scripted({ submits }), concurrency: { start: 10, max: 10 } });
    const running = batch.run(streamOf(someItems(500)));
    await batch.clock.advance(60_000);
    taken = (batch.api as ScriptedApi).submissions.length;
    batch.interrupt.abort();
    await batch.clock.run();
    expect(await running).toBe('interrupted');
    // Ten at first, then fewer with every cut, then one in five seconds.
    expect(taken).toBeLessThan(50);
    expect(batch.limit.limit).toBe(1);
    expect(new Set((batch.api as ScriptedApi).submissions.map(({ taskId }) => taskId)).size).toBe(10);
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
