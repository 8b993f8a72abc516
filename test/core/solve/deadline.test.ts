import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { Deadline } from '../../../src/core/solve/deadline.ts';

/** Ten seconds, of which one is over. */
async function begun(isPaused: boolean): Promise<{ clock: VirtualClock; time: Deadline }> {
  const clock = new VirtualClock();
  const time = new Deadline({ timeoutMs: 10_000, attemptNeedsMs: 2_000, isPaused }, clock);
  await clock.advance(1_000);
  return { clock, time };
}

describe('the own time of a task', () => {
  it.each([
    [false, 9_000, 4_000, 10_000],
    [true, Infinity, 9_000, 15_000],
  ])('that stands still while others are waited for: %s', async (isPaused, most, left, deadline) => {
    const { clock, time } = await begun(isPaused);
    const told: number[] = [];
    const waiting = time.waitForOthers((maxMs) => {
      told.push(maxMs);
      return clock.sleep(5_000);
    });
    await clock.run();
    await waiting;
    expect([told, time.leftMs(), time.deadlineAtMs, time.elapsedMs()]).toEqual([[most], left, deadline, 6_000]);
  });

  it('is never told to wait for less than nothing', async () => {
    const { clock, time } = await begun(false);
    await clock.advance(20_000);
    const told: number[] = [];
    await time.waitForOthers(async (maxMs) => void told.push(maxMs));
    expect(told).toEqual([0]);
  });

  it.each([
    [false, 0, 7_000],
    [false, 7_500, 0],
    [true, 0, Infinity],
  ])('keeps what an attempt needs out of its waits (stands still: %s, %i ms later)', async (isPaused, ms, room) => {
    const { clock, time } = await begun(isPaused);
    await clock.advance(ms);
    expect(time.remainingMs()).toBe(room);
  });

  it.each([
    [false, 9_000],
    [true, 12_000],
  ])('grows by what is granted only where it stands still: %s', async (isPaused, left) => {
    const { time } = await begun(isPaused);
    time.extend(3_000);
    expect(time.leftMs()).toBe(left);
  });
});
