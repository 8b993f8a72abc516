import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';
import { type PollContext, waitForPollMs } from '../../../src/core/solve/poll-schedule.ts';

const timing = { firstWaitMs: 15_000, intervalMs: 5_000, lifetimeMs: null };

const context = (special: Partial<PollContext>): PollContext => ({
  pollCount: 1,
  faultsInARow: 0,
  retryAfterMs: null,
  timeLeftMs: 100_000,
  ...special,
});

const drawing = (draw: number): { next: () => number } => ({ next: () => draw });

describe('waitForPollMs', () => {
  it.each<[string, Partial<PollContext>, readonly [draw: number, waitMs: number | null]]>([
    ['the first look comes after the first wait', { pollCount: 0 }, [0.5, 15_000]],
    ['the second after the interval', {}, [0, 5_000]],
    ['up to a tenth later', {}, [0.5, 5_250]],
    ['after a fault the interval may double', { faultsInARow: 1 }, [0.5, 7_500]],
    ['after two it may quadruple', { faultsInARow: 2 }, [0.5, 12_500]],
    ['after many it may be half a minute', { faultsInARow: 2_000 }, [0.5, 17_500]],
    ['after a fault it is never shorter', { faultsInARow: 9 }, [0, 5_000]],
    ['the service may ask for more', { faultsInARow: 1, retryAfterMs: 20_000 }, [0, 20_000]],
    ['and gets jitter on top', { faultsInARow: 1, retryAfterMs: 20_000 }, [0.5, 22_000]],
    ['the service cannot ask for less', { faultsInARow: 1, retryAfterMs: 1 }, [0, 5_000]],
    ['a regular look comes up to a second before the deadline', { timeLeftMs: 6_000 }, [0, 5_000]],
    ['a later one is taken a second before the deadline', { timeLeftMs: 5_999 }, [0, 4_999]],
    ['so is one that the deadline would cut off', { timeLeftMs: 3_000 }, [0, 2_000]],
    ['so is the first', { pollCount: 0, timeLeftMs: 10_000 }, [0, 9_000]],
    ['in the last second nothing is sent', { timeLeftMs: 1_000 }, [0, null]],
    ['after the deadline nothing is sent', { timeLeftMs: -5 }, [0, null]],
    ['nothing before the service wants it', { retryAfterMs: 8_000, faultsInARow: 1, timeLeftMs: 8_000 }, [0, null]],
    ['the last look neither', { retryAfterMs: 2_500, faultsInARow: 1, timeLeftMs: 3_000 }, [0, null]],
    [
      'what it asks for may end in the last second',
      { retryAfterMs: 8_000, faultsInARow: 1, timeLeftMs: 8_500 },
      [0, 8_000],
    ],
  ])('%s', (_sentence, special, [draw, waitMs]) => {
    expect(waitForPollMs(timing, context(special), drawing(draw))).toBe(waitMs);
  });

  it('looks regularly in the last second where the interval is that short', () => {
    const fast = { ...timing, intervalMs: 200 };
    expect(waitForPollMs(fast, context({ timeLeftMs: 900 }), drawing(0))).toBe(200);
  });

  it('ends before the deadline, and shortens neither what the service asks for nor, but once, the interval', () => {
    fc.assert(
      fc.property(
        fc.record({
          pollCount: fc.integer({ min: 0, max: 9 }),
          faultsInARow: fc.integer({ min: 0, max: 9 }),
          retryAfterMs: fc.option(fc.integer({ min: 0, max: 60_000 })),
          timeLeftMs: fc.integer({ min: -1_000, max: 60_000 }),
        }),
        fc.integer(),
        (some, seed) => {
          const waitMs = waitForPollMs(timing, some, seededRandom(seed));
          if (waitMs === null) return;
          expect(waitMs).toBeLessThan(some.timeLeftMs);
          expect(waitMs).toBeGreaterThanOrEqual(some.retryAfterMs ?? 0);
          const shortest = some.pollCount === 0 ? timing.firstWaitMs : timing.intervalMs;
          // Once is the last look; a first one is taken at once where even that would come too late.
          const last = some.pollCount === 0 ? Math.max(0, some.timeLeftMs - 1_000) : some.timeLeftMs - 1_000;
          if (waitMs < shortest) expect(waitMs).toBe(last);
        },
      ),
    );
  });
});
