import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';

/** Awaits this many promises in a row: more than a few turns of the event loop would cover. */
async function longChain(): Promise<void> {
  for (let link = 0; link < 100; link += 1) await Promise.resolve();
}

describe('VirtualClock', () => {
  it('starts at 0, with the given wall clock', () => {
    const clock = new VirtualClock(1_700_000_000_000);
    expect([clock.nowMs(), clock.timestamp()]).toEqual([0, 1_700_000_000_000]);
  });

  it('runs a month of waits in a moment', async () => {
    const clock = new VirtualClock(5);
    const monthMs = 30 * 86_400_000;
    const slept = clock.sleep(monthMs);
    await clock.run();
    await slept;
    expect([clock.nowMs(), clock.timestamp()]).toEqual([monthMs, monthMs + 5]);
  });

  it('wakes sleepers in the order of their due times, and equal ones in the order of their sleeps', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 60 }), async (sleepsMs) => {
        const clock = new VirtualClock();
        const woken: { index: number; atMs: number }[] = [];
        sleepsMs.forEach((ms, index) => void clock.sleep(ms).then(() => woken.push({ index, atMs: clock.nowMs() })));
        await clock.run();
        const expected = sleepsMs.map((atMs, index) => ({ index, atMs })).sort((a, b) => a.atMs - b.atMs);
        expect(woken).toEqual(expected);
      }),
    );
  });

  it('finishes everything that a sleeper triggers before the next one wakes, also at the same time', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    const task = async (name: string): Promise<void> => {
      await clock.sleep(10);
      log.push(`${name} wakes`);
      await longChain();
      log.push(`${name} is done`);
    };
    const tasks = [task('a'), task('b')];
    await clock.run();
    await Promise.all(tasks);
    expect(log).toEqual(['a wakes', 'a is done', 'b wakes', 'b is done']);
  });

  it('waits for promise chains that were pending before the start', async () => {
    const clock = new VirtualClock();
    const late = longChain().then(() => clock.sleep(7));
    await clock.run();
    await late;
    expect(clock.nowMs()).toBe(7);
  });

  it('puts a sleep of 0 after sleepers that are already due', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    void clock.sleep(0).then(async () => {
      log.push('first');
      await clock.sleep(0);
      log.push('first again');
    });
    void clock.sleep(0).then(() => log.push('second'));
    await clock.run();
    expect(log).toEqual(['first', 'second', 'first again']);
    expect(clock.nowMs()).toBe(0);
  });

  it.each([0, -1, Number.NaN])('takes no time for a sleep of %d', async (ms) => {
    const clock = new VirtualClock();
    const slept = clock.sleep(ms);
    await clock.run();
    await slept;
    expect(clock.nowMs()).toBe(0);
  });

  it('does not wait for a sleeper that only its signal can wake', async () => {
    const clock = new VirtualClock();
    const stop = new AbortController();
    const slept = clock.sleep(Infinity, stop.signal);
    await clock.run();
    expect(clock.nowMs()).toBe(0);
    stop.abort();
    await slept;
  });

  describe('a sleep with a signal', () => {
    it('ends at once if the signal was already aborted', async () => {
      const clock = new VirtualClock();
      await clock.sleep(1_000, AbortSignal.abort());
      expect(clock.nowMs()).toBe(0);
    });

    it('wakes at the time of the abort, and its due time is not passed afterwards', async () => {
      const clock = new VirtualClock();
      const stop = new AbortController();
      const wokenAt: number[] = [];
      for (const ms of [1_000, 500]) void clock.sleep(ms, stop.signal).then(() => wokenAt.push(clock.nowMs()));
      void clock.sleep(300).then(() => stop.abort());
      await clock.run();
      expect(wokenAt).toEqual([300, 300]);
      expect(clock.nowMs()).toBe(300);
    });

    it('wakes once if the abort comes after its due time', async () => {
      const clock = new VirtualClock();
      const stop = new AbortController();
      let wakings = 0;
      void clock.sleep(10, stop.signal).then(() => (wakings += 1));
      await clock.run();
      stop.abort();
      await clock.run();
      expect(wakings).toBe(1);
    });
  });

  describe('advance', () => {
    it('wakes all sleepers due within the time, its end included, and no others', async () => {
      const clock = new VirtualClock();
      const woken: number[] = [];
      for (const ms of [5, 10, 11]) void clock.sleep(ms).then(() => woken.push(ms));
      await clock.advance(10);
      expect(woken).toEqual([5, 10]);
      expect(clock.nowMs()).toBe(10);
      await clock.advance(1);
      expect(woken).toEqual([5, 10, 11]);
    });

    it('advances the time without sleepers', async () => {
      const clock = new VirtualClock();
      await clock.advance(42);
      expect(clock.nowMs()).toBe(42);
    });
  });

  it('rejects a second concurrent call, and can be called again afterwards', async () => {
    const clock = new VirtualClock();
    const first = clock.run();
    await expect(clock.advance(1)).rejects.toThrow('being driven already');
    await first;
    await clock.advance(1);
    expect(clock.nowMs()).toBe(1);
  });

  it('gives the event loop its turn in a long run', async () => {
    const clock = new VirtualClock();
    let isOver = false;
    const task = async (): Promise<void> => {
      for (let count = 0; count < 10_000; count += 1) await clock.sleep(1);
      isOver = true;
    };
    const done = task();
    const run = clock.run();
    for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
    const wasOver = isOver;
    await run;
    await done;
    expect([wasOver, isOver]).toEqual([false, true]);
  });

  it('wakes thousands of sleepers on one signal with a single listener', async () => {
    const clock = new VirtualClock();
    const random = seededRandom(1);
    const { signal } = new AbortController();
    const listen = vi.spyOn(signal, 'addEventListener');
    let wakings = 0;
    const task = async (): Promise<void> => {
      for (let count = 0; count < 5; count += 1) {
        await clock.sleep(random.next() * 1_000, signal);
        wakings += 1;
      }
    };
    const tasks = Array.from({ length: 20_000 }, task);
    await clock.run();
    await Promise.all(tasks);
    expect(wakings).toBe(100_000);
    expect(listen).toHaveBeenCalledTimes(1);
  });
});
