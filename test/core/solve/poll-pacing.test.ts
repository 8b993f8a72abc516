import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';
import {
  earliestPollMs,
  jitteredPlan,
  type PolledId,
  type PollHistory,
  type PollTiming,
  pollsOfEarlierRun,
  waitForPollMs,
} from '../../../src/core/solve/poll-pacing.ts';

const timing: PollTiming = { firstWaitMs: null, intervalMs: 5_000, coldStartMs: [3_000, 5_000], lifetimeMs: null };
const planMs = timing.coldStartMs;

const fresh: PolledId = { ageMs: 0, deadlineMs: 300_000, isResumed: false, planMs };
const unpolled: PollHistory = { pollCount: 0, latest: null, faultsInARow: 0, retryAfterMs: null };

/** Polled so often, the last time at an age, with an answer at once. */
const polled = (pollCount: number, atMs: number, special: Partial<PollHistory> = {}): PollHistory => ({
  ...unpolled,
  pollCount,
  latest: { sentMs: atMs, endedMs: atMs },
  ...special,
});

const drawing = (draw: number): { next: () => number } => ({ next: () => draw });
const middle = drawing(0.5);

describe('waitForPollMs', () => {
  it.each<[string, { id?: Partial<PolledId>; history?: PollHistory; timing?: Partial<PollTiming> }, number | null]>([
    ['the first poll is the first of the plan', {}, 3_000],
    ['a fixed first wait comes before the plan', { timing: { firstWaitMs: 20_000 } }, 20_000],
    ['the next poll is the next of the plan', { id: { ageMs: 3_000 }, history: polled(1, 3_000) }, 2_000],
    [
      'a poll that came a rounding before its moment is not repeated',
      { id: { ageMs: 3_000 }, history: polled(1, 2_999.999_999) },
      2_000,
    ],
    ['beyond the plan there is one each interval', { id: { ageMs: 5_000 }, history: polled(2, 5_000) }, 5_000],
    [
      'a poll of the plan that a slow answer has passed comes a second after the answer',
      { id: { ageMs: 6_000 }, history: { ...polled(1, 3_000), latest: { sentMs: 3_000, endedMs: 6_000 } } },
      1_025,
    ],
    [
      'the rule holds back the third poll until the interval is over',
      { id: { ageMs: 3_000, planMs: [1_000, 3_000, 4_000] }, history: polled(2, 3_000) },
      2_025,
    ],
    [
      'after a fault the interval may double',
      { id: { ageMs: 3_000 }, history: polled(1, 3_000, { faultsInARow: 1 }) },
      7_500,
    ],
    ['after two it may quadruple', { id: { ageMs: 3_000 }, history: polled(1, 3_000, { faultsInARow: 2 }) }, 12_500],
    ['after many it may be half a minute', { history: polled(1, 0, { faultsInARow: 2_000 }) }, 17_500],
    [
      'the service may ask for more, and gets jitter on top',
      { history: polled(1, 0, { faultsInARow: 1, retryAfterMs: 20_000 }) },
      22_000,
    ],
    ['the service cannot ask for less', { history: polled(1, 0, { faultsInARow: 1, retryAfterMs: 1 }) }, 7_500],
    [
      'an id of an earlier run is polled at once',
      { id: { ageMs: 9_000, isResumed: true }, history: { ...unpolled, pollCount: pollsOfEarlierRun(9_000, 5_000) } },
      0,
    ],
    [
      'an id of unknown age is polled at once, however little time is left',
      {
        id: { deadlineMs: 4_000, isResumed: true },
        history: { ...unpolled, pollCount: pollsOfEarlierRun(null, 5_000) },
      },
      0,
    ],
    [
      'and then as though that run had used every poll',
      {
        id: { ageMs: 9_000, isResumed: true, planMs: [9_500] },
        history: polled(1 + pollsOfEarlierRun(9_000, 5_000), 9_000),
      },
      1_025,
    ],
    [
      'the last look is taken a second before the deadline',
      { id: { ageMs: 5_000, deadlineMs: 9_000 }, history: polled(1, 5_000) },
      3_000,
    ],
    ['so is the first', { id: { deadlineMs: 3_500 } }, 2_500],
    [
      'a poll after which the rule allows no last look is the last look',
      { id: { ageMs: 10_000, deadlineMs: 20_000 }, history: polled(4, 10_000) },
      9_000,
    ],
    [
      'in the last second nothing is sent',
      { id: { ageMs: 8_500, deadlineMs: 9_000 }, history: polled(1, 5_000) },
      null,
    ],
    [
      'after the deadline nothing is sent',
      { id: { ageMs: 9_001, deadlineMs: 9_000 }, history: polled(1, 5_000) },
      null,
    ],
    ['a first look is taken however little time is left', { id: { deadlineMs: 900 } }, 0],
    [
      'nothing is sent before the service wants it',
      { id: { deadlineMs: 8_000 }, history: polled(1, 0, { faultsInARow: 1, retryAfterMs: 8_000 }) },
      null,
    ],
    [
      'what it asks for may end in the last second',
      { id: { deadlineMs: 9_000 }, history: polled(1, 0, { faultsInARow: 1, retryAfterMs: 8_000 }) },
      8_800,
    ],
    [
      'polls in the last second are regular where the interval is that short',
      { id: { ageMs: 5_000, deadlineMs: 5_900 }, history: polled(9, 5_000), timing: { intervalMs: 200 } },
      200,
    ],
  ])('%s', (_sentence, { id, history = unpolled, timing: special }, waitMs) => {
    const wait = waitForPollMs({ ...timing, ...special }, { ...fresh, ...id }, history, middle);
    if (waitMs === null) expect(wait).toBeNull();
    else expect(wait).toBeCloseTo(waitMs, 6);
  });

  it('spreads the polls of tasks with one plan', () => {
    const random = seededRandom(1);
    const plans = Array.from({ length: 50 }, () => jitteredPlan([1_000, 2_000], random));
    const firsts = plans.map(([first]) => first!);
    expect(new Set(firsts).size).toBe(50);
    expect(Math.max(...firsts) - Math.min(...firsts)).toBeGreaterThan(80);
    expect(plans.every(([first, second]) => Math.abs(second! - 2 * first!) < 1e-9)).toBe(true);
    expect(firsts.every((ms) => ms >= 950 && ms <= 1_050)).toBe(true);
  });
});

/** What one poll meets: its round trip, and how it ends. */
interface Met {
  readonly roundTripMs: number;
  readonly isFault: boolean;
  readonly retryAfterMs: number | null;
  /** How late the timer before it fires. */
  readonly lagMs: number;
}

const someMet: fc.Arbitrary<Met> = fc.record({
  roundTripMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 40_000 })),
  isFault: fc.boolean(),
  retryAfterMs: fc.option(fc.integer({ min: 0, max: 30_000 })),
  lagMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20_000 })),
});

const someId = fc.record({
  intervalMs: fc.constantFrom(20, 500, 1_000, 5_000, 60_000),
  firstWaitMs: fc.option(fc.integer({ min: 0, max: 60_000 })),
  planMs: fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 12 }).map((ages) => ages.sort((a, b) => a - b)),
  deadlineMs: fc.integer({ min: 100, max: 200_000 }),
  resumedAgeMs: fc.option(fc.integer({ min: 0, max: 100_000 })),
  met: fc.array(someMet, { maxLength: 40 }),
  seed: fc.integer(),
});

type SomeId = typeof someId extends fc.Arbitrary<infer T> ? T : never;

/** All polls of one id, whatever they meet. */
function pollsOf({ intervalMs, firstWaitMs, planMs: plan, deadlineMs, resumedAgeMs, met, seed }: SomeId) {
  const random = seededRandom(seed);
  const usual = { ...timing, intervalMs, firstWaitMs };
  let ageMs = resumedAgeMs ?? 0;
  const polls: { sentMs: number; endedMs: number; askedMs: number }[] = [];
  let history: PollHistory = {
    ...unpolled,
    pollCount: resumedAgeMs === null ? 0 : pollsOfEarlierRun(resumedAgeMs, intervalMs),
  };
  const id = { deadlineMs: ageMs + deadlineMs, isResumed: resumedAgeMs !== null, planMs: jitteredPlan(plan, random) };
  for (const { roundTripMs, isFault, retryAfterMs, lagMs } of met) {
    const waitMs = waitForPollMs(usual, { ...id, ageMs }, history, random);
    if (waitMs === null) break;
    const sentMs = ageMs + waitMs + lagMs;
    ageMs = sentMs + roundTripMs;
    polls.push({ sentMs, endedMs: ageMs, askedMs: isFault ? (retryAfterMs ?? 0) : 0 });
    history = {
      pollCount: history.pollCount + 1,
      latest: { sentMs, endedMs: ageMs },
      faultsInARow: isFault ? history.faultsInARow + 1 : 0,
      retryAfterMs: isFault ? retryAfterMs : null,
    };
  }
  return polls;
}

describe('the pacing rule', () => {
  const rounding = 1e-6;

  it('allows 2 + t / interval polls by an age of t, whatever comes between', () => {
    fc.assert(
      fc.property(someId, (id) => {
        const polls = pollsOf(id);
        const earlier = id.resumedAgeMs === null ? 0 : pollsOfEarlierRun(id.resumedAgeMs, id.intervalMs);
        polls.forEach(({ sentMs }, index) => {
          const allowed = 2 + Math.floor(sentMs / id.intervalMs + rounding);
          expect(earlier + index + 1).toBeLessThanOrEqual(allowed);
        });
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps a second between an answer and the next poll, or an interval where that is shorter', () => {
    fc.assert(
      fc.property(someId, (id) => {
        pollsOf(id).forEach(({ sentMs }, index, polls) => {
          const before = polls[index - 1];
          if (before !== undefined)
            expect(sentMs - before.endedMs).toBeGreaterThanOrEqual(Math.min(1_000, id.intervalMs) - rounding);
        });
      }),
      { numRuns: 1_000 },
    );
  });

  it('never shortens what the service asked for', () => {
    fc.assert(
      fc.property(someId, (id) => {
        pollsOf(id).forEach(({ sentMs }, index, polls) => {
          const before = polls[index - 1];
          if (before !== undefined) expect(sentMs - before.endedMs).toBeGreaterThanOrEqual(before.askedMs - rounding);
        });
      }),
    );
  });

  it('grants every poll that it forbids now at some later age', () => {
    const history = polled(40, 12_000);
    const fromMs = earliestPollMs(history, 5_000);
    expect(fromMs).toBe(39 * 5_000);
  });
});

describe('an id that is always answered', () => {
  it('is polled until its deadline, the last time in the last second or before an interval', () => {
    const answered = { roundTripMs: 100, isFault: false, retryAfterMs: null, lagMs: 0 };
    const met = Array.from({ length: 200 }, () => answered);
    const usual = { intervalMs: 5_000 as const, firstWaitMs: null, resumedAgeMs: null, met };
    fc.assert(
      fc.property(fc.integer({ min: 1_500, max: 300_000 }), fc.integer(), (deadlineMs, seed) => {
        for (const plan of [
          [3_000, 5_000],
          [1_000, 2_500, 5_000],
        ]) {
          const last = pollsOf({ ...usual, deadlineMs, seed, planMs: plan }).at(-1)!;
          expect(Math.abs(last.sentMs - (deadlineMs - 1_000))).toBeLessThan(101);
        }
      }),
    );
  });
});
