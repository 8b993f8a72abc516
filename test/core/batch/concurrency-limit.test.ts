import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { ConcurrencyLimit, type TaskSlot } from '../../../src/core/batch/concurrency-limit.ts';
import { SolvedShares, SolveTimes } from '../../../src/core/solve/solve-times.ts';

const never = (): AbortSignal => new AbortController().signal;

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Begins tasks that are submitted and accepted at once. */
async function accepted(limit: ConcurrencyLimit, count: number): Promise<TaskSlot[]> {
  const slots = await Promise.all(Array.from({ length: count }, () => limit.acquire()));
  for (const slot of slots) {
    await slot.enter(0, never());
    slot.recordAccepted('turnstile');
  }
  return slots;
}

const account = (threads: number, workingThreads: number) => ({
  ...{ start: 1_000, max: 1_000 },
  known: { threads, workingThreads },
});

/** Every task is solved at an age of 4 s to 8 s. */
function seenTimes(clock: VirtualClock): SolvedShares {
  const times = new SolveTimes(null, { clock });
  for (let count = 0; count < 64; count += 1) times.record('turnstile', { notReadyMs: 4_000, readyMs: 8_000 });
  return new SolvedShares(times);
}

describe('the concurrency limit', () => {
  it('is the number of threads, or the most tasks in work where that is less', () => {
    const clock = new VirtualClock();
    expect(new ConcurrencyLimit({ start: 5, max: 9 }, { clock }).limit).toBe(5);
    expect(new ConcurrencyLimit({ start: 50, max: 9 }, { clock }).limit).toBe(9);
    expect(new ConcurrencyLimit({ ...account(8, 0), max: 3 }, { clock }).limit).toBe(3);
    expect(new ConcurrencyLimit(account(8, 0), { clock })).toMatchObject({ limit: 8, knownThreads: 8 });
  });

  it('shares free threads with other workers: all of them together have the threads of the account', async () => {
    const clock = new VirtualClock();
    const idle = () => new ConcurrencyLimit(account(1_000, 0), { clock });
    expect([idle().shareOf(1), idle().shareOf(3)]).toEqual([1_000, 333]);
    const busy = idle();
    await accepted(busy, 700);
    expect([busy.shareOf(3), busy.isFull]).toEqual([800, false]);
    const other = new ConcurrencyLimit(account(1_000, 700), { clock });
    expect([other.shareOf(3), other.isFull]).toEqual([100, false]);
    const without = new ConcurrencyLimit(account(1_000, 1_000), { clock });
    expect([without.shareOf(3), without.isFull]).toEqual([1, true]);
    expect(new ConcurrencyLimit({ ...account(1_000, 0), max: 50 }, { clock }).shareOf(3)).toBe(50);
    expect(new ConcurrencyLimit({ start: 10, max: 100 }, { clock }).shareOf(3)).toBe(10);
  });

  it('is full when every thread has a task', async () => {
    const limit = new ConcurrencyLimit(account(2, 0), { clock: new VirtualClock() });
    expect(limit.isFull).toBe(false);
    const [first] = await accepted(limit, 2);
    expect(limit.isFull).toBe(true);
    first?.release();
    expect(limit.isFull).toBe(false);
  });

  it('finds the number of threads that nobody told: up with accepted submissions, down when all are busy', async () => {
    const clock = new VirtualClock();
    const limit = new ConcurrencyLimit({ start: 4, max: 100 }, { clock });
    await accepted(limit, 4);
    expect(limit.limit).toBe(6);
    const [refused] = await Promise.all([limit.acquire()]);
    await refused.enter(0, never());
    refused.recordFull();
    expect([limit.limit, limit.knownThreads]).toEqual([4, null]);
  });

  it('begins a task when another is expected to be solved, before its solution is fetched', async () => {
    const clock = new VirtualClock();
    const limit = new ConcurrencyLimit(account(4, 0), { clock, shares: seenTimes(clock) });
    await accepted(limit, 4);
    let begun = 0;
    for (let count = 0; count < 20; count += 1) void limit.acquire().then(() => (begun += 1));
    await clock.advance(3_000);
    expect(begun).toBe(0);
    await clock.advance(3_000);
    expect([begun > 0, begun <= 3]).toEqual([true, true]);
    await clock.advance(60_000);
    expect(limit.inFlight).toBeLessThanOrEqual(16);
  });

  it('holds a task back while the tasks of others use the threads, and asks again now and then', async () => {
    const clock = new VirtualClock();
    const limit = new ConcurrencyLimit(account(4, 4), { clock, shares: seenTimes(clock) });
    const slot = await limit.acquire();
    const refusals: number[] = [];
    while (clock.nowMs() < 60_000) {
      const entering = slot.enter(Infinity, never());
      await clock.advance(100_000);
      expect(await entering).toBe(true);
      refusals.push(clock.nowMs());
      slot.recordFull();
    }
    expect(refusals[0]).toBeGreaterThan(0);
    expect(refusals.length).toBeLessThan(30);
  });

  it('ends the wait for a thread at the time limit, and at once if the run stops', async () => {
    const clock = new VirtualClock();
    const readThreads = async () => ({ threads: 1, workingThreads: 1 });
    const limit = new ConcurrencyLimit(account(1, 1), { clock, readThreads });
    const slot = await limit.acquire();
    const waiting = slot.enter(3_000, never()).then((isFree) => [isFree, clock.nowMs()]);
    await clock.advance(10_000);
    expect(await waiting).toEqual([false, 3_000]);
    const stop = new AbortController();
    const stopped = slot.enter(Infinity, stop.signal);
    stop.abort();
    expect(await stopped).toBe(true);
  });

  it('keeps nobody waiting to begin once the run stops', async () => {
    const limit = new ConcurrencyLimit({ start: 1, max: 1 }, { clock: new VirtualClock() });
    const stop = new AbortController();
    const first = await limit.acquire(stop.signal);
    const second = limit.acquire(stop.signal);
    stop.abort();
    (await second).release();
    first.release();
    expect(limit.inFlight).toBe(0);
  });

  it('leaves one listener on the signal of the run, however many tasks wait', async () => {
    const limit = new ConcurrencyLimit({ start: 1, max: 1 }, { clock: new VirtualClock() });
    const stop = new AbortController();
    const waiting = Array.from({ length: 20 }, () => limit.acquire(stop.signal));
    expect(getEventListeners(stop.signal, 'abort').length).toBeLessThanOrEqual(1);
    stop.abort();
    expect(await Promise.all(waiting)).toHaveLength(20);
  });

  it('admits in the order of requests', async () => {
    const limit = new ConcurrencyLimit({ start: 1, max: 1 }, { clock: new VirtualClock() });
    const order: number[] = [];
    const first = await limit.acquire();
    for (const name of [1, 2, 3]) {
      void limit.acquire().then((slot) => {
        order.push(name);
        slot.release();
      });
    }
    first.release();
    await settled();
    expect(order).toEqual([1, 2, 3]);
  });

  it('never has more tasks in work than the maximum, and loses no waiting task', async () => {
    const aTask = fc.record({
      workMs: fc.integer({ min: 0, max: 9_000 }),
      refusals: fc.integer({ min: 0, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(aTask, { maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 8 }),
        async (tasks, start, max) => {
          const clock = new VirtualClock();
          const limit = new ConcurrencyLimit({ start, max }, { clock, shares: seenTimes(clock) });
          let [most, done] = [0, 0];
          const work = async ({ workMs, refusals }: (typeof tasks)[number]): Promise<void> => {
            const slot = await limit.acquire();
            most = Math.max(most, limit.inFlight);
            for (let count = 0; count < refusals; count += 1) {
              await slot.enter(Infinity, never());
              slot.recordFull();
            }
            await slot.enter(Infinity, never());
            slot.recordAccepted('turnstile');
            await clock.sleep(workMs);
            slot.release();
            done += 1;
          };
          for (const task of tasks) void work(task);
          await clock.run();
          expect(done).toBe(tasks.length);
          expect(most).toBeLessThanOrEqual(max);
          expect(limit.inFlight).toBe(0);
        },
      ),
    );
  });
});
