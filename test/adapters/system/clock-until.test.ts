import { describe, expect, it } from 'vitest';
import { clockUntil } from '../../../src/adapters/system/system-clock.ts';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';

function aClock() {
  const left = new AbortController();
  const inner = new VirtualClock(1_000);
  return { left, inner, clock: clockUntil(left.signal, inner) };
}

describe('a clock for work that may be abandoned', () => {
  it('shows the time of the underlying clock, and wakes with it', async () => {
    const { clock, inner } = aClock();
    let isAwake = false;
    void clock.sleep(500).then(() => (isAwake = true));
    await inner.advance(499);
    expect(isAwake).toBe(false);
    await inner.advance(1);
    expect([isAwake, clock.nowMs(), clock.timestamp()]).toEqual([true, 500, 1_500]);
  });

  it.each([true, false])(
    'never wakes a sleeper after the work was abandoned (with a signal: %s)',
    async (hasSignal) => {
      const { clock, inner, left } = aClock();
      const stop = new AbortController();
      let isAwake = false;
      void clock.sleep(500, hasSignal ? stop.signal : undefined).then(() => (isAwake = true));
      left.abort();
      stop.abort();
      await inner.run();
      expect(isAwake).toBe(false);
    },
  );

  it('wakes early for a signal while the work continues', async () => {
    const { clock } = aClock();
    const stop = new AbortController();
    const sleeping = clock.sleep(500, stop.signal);
    stop.abort();
    await expect(sleeping).resolves.toBeUndefined();
  });
});
