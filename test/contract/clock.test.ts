import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { VirtualClock } from '../../src/adapters/virtual/virtual-clock.ts';
import type { Clock } from '../../src/ports/system.ts';

interface Driven {
  readonly clock: Clock;
  /** Advances the time while `work` waits. */
  readonly passing: <T>(work: Promise<T>) => Promise<T>;
}

/** Real timers may fire slightly early by their own clock, and late without a limit. */
const earlyMs = 1;

const clocks: readonly [string, () => Driven][] = [
  ['the system clock', () => ({ clock: systemClock, passing: (work) => work })],
  [
    'the virtual clock',
    () => {
      const clock = new VirtualClock(Date.UTC(2030, 0, 1));
      return { clock, passing: (work) => clock.run().then(() => work) };
    },
  ],
];

describe.each(clocks)('%s', (_name, start) => {
  it('does not go backwards', async () => {
    const { clock, passing } = start();
    const readings = [clock.nowMs()];
    for (const ms of [0, 2, 1]) {
      await passing(clock.sleep(ms));
      readings.push(clock.nowMs());
    }
    expect(readings).toEqual([...readings].sort((a, b) => a - b));
  });

  it('sleeps at least for the given time', async () => {
    const { clock, passing } = start();
    const beginMs = clock.nowMs();
    await passing(clock.sleep(20));
    expect(clock.nowMs() - beginMs).toBeGreaterThanOrEqual(20 - earlyMs);
  });

  it('advances the wall clock like the monotonic one', async () => {
    const { clock, passing } = start();
    /** The time for people, and when it was asked for, by the other clock. */
    const look = () => ({ fromMs: clock.nowMs(), at: clock.timestamp(), toMs: clock.nowMs() });
    const began = look();
    await passing(clock.sleep(20));
    const ended = look();
    const passed = ended.at - began.at;
    expect(passed).toBeGreaterThan(ended.fromMs - began.toMs - 5);
    expect(passed).toBeLessThan(ended.toMs - began.fromMs + 5);
    expect(began.at).toBeGreaterThan(Date.UTC(2020, 0, 1));
  });

  it.each([0, -5, Number.NaN])('returns from a sleep of %d', async (ms) => {
    const { clock, passing } = start();
    await expect(passing(clock.sleep(ms))).resolves.toBeUndefined();
  });

  it('wakes sleepers in the order of their times', async () => {
    const { clock, passing } = start();
    const woken: number[] = [];
    const sleeps = [30, 10, 20].map((ms) => clock.sleep(ms).then(() => woken.push(ms)));
    await passing(Promise.all(sleeps));
    expect(woken).toEqual([10, 20, 30]);
  });

  describe.each([1_000_000, Infinity])('asleep for %d ms', (ms) => {
    it('wakes at once when the signal aborts, and does not reject', async () => {
      const { clock, passing } = start();
      const stop = new AbortController();
      const sleeps = [clock.sleep(ms, stop.signal), clock.sleep(ms, stop.signal)];
      void clock.sleep(5).then(() => stop.abort());
      await expect(passing(Promise.all(sleeps))).resolves.toEqual([undefined, undefined]);
    });

    it('does not sleep if the signal was already aborted', async () => {
      const { clock } = start();
      await expect(clock.sleep(ms, AbortSignal.abort())).resolves.toBeUndefined();
    });
  });
});
