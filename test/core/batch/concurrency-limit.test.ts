import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { ConcurrencyLimit } from '../../../src/core/batch/concurrency-limit.ts';

const never = (): AbortSignal => new AbortController().signal;

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('the concurrency limit', () => {
  it('starts with the given value, but never above the maximum', () => {
    const clock = new VirtualClock();
    expect(new ConcurrencyLimit({ start: 5, max: 9 }, { clock }).limit).toBe(5);
    expect(new ConcurrencyLimit({ start: 50, max: 9 }, { clock }).limit).toBe(9);
  });

  it('grows by one with every `limit` accepted submissions, up to the maximum', () => {
    const limit = new ConcurrencyLimit({ start: 4, max: 6 }, { clock: new VirtualClock() });
    for (let count = 0; count < 5; count += 1) limit.recordAccepted();
    expect(limit.limit).toBe(5);
    for (let count = 0; count < 50; count += 1) limit.recordAccepted();
    expect(limit.limit).toBe(6);
  });

  it('is cut to seven tenths of the tasks in flight, once in five seconds, and never below one', async () => {
    const clock = new VirtualClock();
    const limit = new ConcurrencyLimit({ start: 100, max: 100 }, { clock });
    for (let count = 0; count < 10; count += 1) await limit.acquire();
    limit.recordFull();
    limit.recordFull();
    expect(limit.limit).toBe(7);
    limit.recordAccepted();
    expect(limit.limit).toBe(7);
    for (let count = 0; count < 20; count += 1) {
      await clock.advance(5_000);
      limit.recordFull();
    }
    expect(limit.limit).toBe(1);
  });

  it('admits in the order of requests, but started tasks first', async () => {
    const clock = new VirtualClock();
    const limit = new ConcurrencyLimit({ start: 2, max: 2 }, { clock });
    const order: string[] = [];
    await limit.acquire();
    await limit.acquire();
    void limit.acquire().then(() => order.push('new 1'));
    void limit.acquire().then(() => order.push('new 2'));
    limit.recordFull();
    void limit.yield({ ms: 5_000, maxMs: Infinity }, never()).then(() => order.push('begun'));
    await clock.advance(5_000);
    for (let count = 0; count < 3; count += 1) {
      limit.release();
      await settled();
    }
    expect(order).toEqual(['begun', 'new 1', 'new 2']);
  });

  it('keeps the slot of a task that waits for a thread', async () => {
    const clock = new VirtualClock();
    const limit = new ConcurrencyLimit({ start: 1, max: 1 }, { clock });
    await limit.acquire();
    let isIn = false;
    void limit.acquire().then(() => (isIn = true));
    void limit.yield({ ms: 5_000, maxMs: Infinity }, never());
    await clock.advance(5_000);
    expect([isIn, limit.inFlight]).toEqual([false, 1]);
  });

  it('lets a task that waits for a thread continue at once if the run stops', async () => {
    const clock = new VirtualClock();
    const limit = new ConcurrencyLimit({ start: 2, max: 2 }, { clock });
    const stop = new AbortController();
    await limit.acquire();
    await limit.acquire();
    limit.recordFull();
    const waiting = limit.yield({ ms: Infinity, maxMs: Infinity }, stop.signal);
    stop.abort();
    await expect(waiting).resolves.toBeUndefined();
    expect(limit.inFlight).toBe(2);
  });

  it.each([
    ['before it would ask again', 3_000],
    ['while it waits for room', 8_000],
  ])('limits the wait for a thread: %s', async (_when, maxMs) => {
    const clock = new VirtualClock();
    const limit = new ConcurrencyLimit({ start: 2, max: 2 }, { clock });
    await limit.acquire();
    await limit.acquire();
    limit.recordFull();
    const waiting = limit.yield({ ms: 5_000, maxMs }, never()).then(() => clock.nowMs());
    // Its slot was given to another task, and there is none to return to.
    await clock.advance(60_000);
    expect(await waiting).toBe(maxMs);
    expect(limit.inFlight).toBe(2);
    limit.release();
    limit.release();
    await limit.acquire();
    expect(limit.inFlight).toBe(1);
  });

  it('never admits more than the maximum, and loses no waiting task', async () => {
    const aTask = fc.record({
      workMs: fc.integer({ min: 0, max: 9_000 }),
      fullHouses: fc.integer({ min: 0, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(aTask, { maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 8 }),
        async (tasks, start, max) => {
          const clock = new VirtualClock();
          const limit = new ConcurrencyLimit({ start, max }, { clock });
          let [most, done] = [0, 0];
          const work = async ({ workMs, fullHouses }: (typeof tasks)[number]): Promise<void> => {
            await limit.acquire();
            for (let count = 0; count < fullHouses; count += 1) {
              limit.recordFull();
              await limit.yield({ ms: 5_000, maxMs: Infinity }, never());
            }
            limit.recordAccepted();
            most = Math.max(most, limit.inFlight);
            await clock.sleep(workMs);
            limit.release();
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
