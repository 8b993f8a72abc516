import { describe, expect, it } from 'vitest';
import { describeFault } from '../../../src/domain/fault.ts';
import { aBatch, someItems, streamOf } from '../../support/batch-harness.ts';
import { aFault } from '../../support/builders.ts';
import { MemoryJournal, nothingDurable } from '../../support/memory-journal.ts';
import { ready, type Script } from '../../support/scripted-api.ts';
import { failing, ran, scripted } from './support/ran.ts';

const account = describeFault({ kind: 'account', message: 'no balance', code: 'ERROR_ZERO_BALANCE' });
const rejected = describeFault({ kind: 'rejected', message: 'bad parameters' });

describe('a batch', () => {
  it('writes one row per task', async () => {
    const { running, ids } = await ran(10);
    expect(await running).toBeNull();
    expect(ids.toSorted()).toEqual(
      someItems(10)
        .map(({ key }) => key)
        .toSorted(),
    );
  });

  it('records every step of a task before it takes it', async () => {
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

  it('never works on more tasks than the limit allows', async () => {
    const { api } = await ran(20, { concurrency: { start: 3, max: 3 } });
    const first = api.submissions.map(({ sentMs }) => sentMs).filter((ms) => ms === 0);
    expect(first).toHaveLength(3);
  });

  it('keeps the input order, whatever finishes first', async () => {
    const answers = {
      polls: (id: string): Script<typeof ready> => [{ latencyMs: id === 't1-1' ? 9_000 : 0, answer: ready }],
    };
    const { ids } = await ran(5, { api: scripted(answers), options: { orderWindow: 3 } });
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

  it('ends with the error of the input, without further submissions', async () => {
    const batch = aBatch({ api: scripted() });
    async function* broken() {
      yield* someItems(2);
      await batch.clock.sleep(1);
      throw new Error('unreadable');
    }
    const running = batch.run(broken());
    running.catch(() => undefined);
    await batch.clock.run();
    await expect(running).rejects.toThrow('unreadable');
    expect(batch.api.submissions).toHaveLength(2);
  });
});

describe('a batch that stops', () => {
  it('leaves tasks open on an account error, with the reason', async () => {
    const { running, rules, rows, journal, api } = await ran(9, {
      api: scripted({ submits: failing({ t3: account }) }),
    });
    expect(await running).toBe('account');
    expect(rules.message).toContain('no balance');
    expect(rows.map((row) => row['task_id']).toSorted()).toEqual(['t1', 't2', 't4']);
    expect(journal.progressOf('t3')).toEqual({ state: 'new' });
    expect(api.submissions).toHaveLength(4);
  });

  it('leaves tasks open if the base URL is wrong, with the fix', async () => {
    const strange = describeFault({ kind: 'config', message: 'h answered HTTP 404 (check api.baseUrl)' });
    const { running, rules, rows, journal, api } = await ran(9, {
      api: scripted({ submits: () => [{ fault: strange }] }),
    });
    expect(await running).toBe('config');
    expect(rules.message).toContain('check api.baseUrl');
    expect(rows).toEqual([]);
    expect(journal.progressOf('t1')).toEqual({ state: 'new' });
    expect(api.submissions).toHaveLength(4);
  });

  it('collects paid solutions when it is interrupted, and starts no more tasks', async () => {
    const batch = aBatch({ api: scripted() });
    const running = batch.run(streamOf(someItems(9)));
    void batch.clock.sleep(1_000).then(() => batch.interrupt.abort());
    await batch.clock.run();
    expect(await running).toBe('interrupted');
    expect(batch.rows.map((row) => row['status'])).toEqual(['solved', 'solved', 'solved', 'solved']);
  });

  it.each([
    // The first failure freed a slot for one more task.
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

  it('reports an account error, even if the limit was reached before', async () => {
    const polls = (): Script<never> => [{ fault: account }];
    const { running } = await ran(9, { bounds: { limit: 2 }, api: scripted({ polls }) });
    expect(await running).toBe('account');
  });

  it('makes at most the allowed submissions, retries included', async () => {
    const submits = (): Script<'accepted'> => [{ fault: aFault() }];
    const { running, api } = await ran(3, { bounds: { maxSubmissions: 5 }, api: scripted({ submits }) });
    expect(await running).toBe('max-submissions');
    expect(api.submissions).toHaveLength(5);
  });

  it.each([
    ['limit', { limit: 2 }, {}],
    ['max-submissions', { maxSubmissions: 2 }, {}],
    ['max-failures', { maxFailures: 1 }, { t2: rejected }],
    ['max-duration', { maxDurationMs: 60_000 }, {}],
  ] as const)('does not wait for an item that never comes after %s', async (reason, bounds, faults) => {
    const batch = aBatch({ api: scripted({ submits: failing(faults) }), bounds, options: { inputMayStall: true } });
    async function* stalled() {
      yield* someItems(2);
      await new Promise(() => undefined);
    }
    const running = batch.run(stalled());
    await batch.clock.run();
    expect(await running).toBe(reason);
    expect(batch.rows).toHaveLength(2);
  });

  it('waits for late items if more tasks may be started', async () => {
    const batch = aBatch({ api: scripted(), bounds: { limit: 2 }, options: { inputMayStall: true } });
    async function* late() {
      for (const item of someItems(2)) {
        yield item;
        await batch.clock.sleep(120_000);
      }
    }
    const running = batch.run(late());
    await batch.clock.run();
    expect(await running).toBe('limit');
    expect(batch.rows).toHaveLength(2);
  });

  it.each([{ limit: 3 }, { maxSubmissions: 3 }])(
    'reports no stop if %j is exactly the number of tasks',
    async (bounds) => {
      const { running } = await ran(3, { bounds, options: { inputMayStall: true } });
      expect(await running).toBeNull();
    },
  );

  it('reports no stop if the limit is exactly the number of tasks', async () => {
    const { running } = await ran(3, { bounds: { limit: 3 } });
    expect(await running).toBeNull();
  });
});
