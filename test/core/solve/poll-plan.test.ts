import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PollPlanner, planPolls } from '../../../src/core/solve/poll-plan.ts';
import type { PollTiming } from '../../../src/core/solve/poll-pacing.ts';
import { solveSpans, SolveTimes } from '../../../src/core/solve/solve-times.ts';
import type { SolveTime } from '../../../src/ports/state.ts';

const timing: PollTiming = { firstWaitMs: null, intervalMs: 5_000, coldStartMs: [3_000, 5_000], lifetimeMs: null };

function aPlanner(nowMs = () => 0): PollPlanner {
  return new PollPlanner(new SolveTimes(null, { clock: { nowMs } }));
}

/** A planner that has seen tasks, each solved in a span. */
function plannerAfter(
  spans: readonly (readonly [notReadyMs: number, readyMs: number])[],
  nowMs?: () => number,
): PollPlanner {
  const planner = aPlanner(nowMs);
  for (const [notReadyMs, readyMs] of spans) planner.times.record('turnstile', { notReadyMs, readyMs });
  return planner;
}

const many = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('planPolls', () => {
  const someTime: fc.Arbitrary<SolveTime> = fc
    .tuple(fc.nat(120_000), fc.nat(20_000))
    .map(([notReadyMs, more]) => ({ notReadyMs, readyMs: notReadyMs + more }));

  it('keeps to the pacing rule, in ascending order, and finds every task that is like one that was seen', () => {
    fc.assert(
      fc.property(
        fc.array(someTime, { minLength: 1, maxLength: 64 }),
        fc.constantFrom(20, 1_000, 5_000, 30_000),
        (times, intervalMs) => {
          const plan = planPolls(solveSpans(times, [3_000, 5_000]), intervalMs);
          const longestMs = Math.max(...times.map(({ readyMs }) => readyMs));
          plan.forEach((ms, index) => {
            expect(index + 1).toBeLessThanOrEqual(2 + Math.floor(ms / intervalMs + 1e-6));
            const gapMs = index === 0 ? Infinity : ms - plan[index - 1]!;
            expect(gapMs).toBeGreaterThanOrEqual(Math.min(1_000, intervalMs) - 1e-6);
          });
          // Beyond 2,000 intervals nothing is planned.
          if (longestMs < 2_000 * intervalMs) expect(plan.at(-1)).toBeGreaterThanOrEqual(longestMs - 1e-6);
        },
      ),
    );
  });

  it('polls nothing before anything can be ready, and soon after it is', () => {
    const [first] = planPolls(solveSpans(many(64, { notReadyMs: 9_500, readyMs: 10_000 }), [3_000, 5_000]), 5_000);
    // A little of what was believed before the samples may be worth one early poll, no more.
    expect(first).toBeGreaterThan(3_000);
    const plan = planPolls(solveSpans(many(64, { notReadyMs: 9_500, readyMs: 10_000 }), [3_000, 5_000]), 5_000);
    expect(plan.filter((ms) => ms < 8_500).length).toBeLessThanOrEqual(1);
    expect(Math.min(...plan.map((ms) => Math.abs(ms - 10_200)))).toBeLessThan(700);
  });

  it('waits between two populations', () => {
    const two = [
      ...many(32, { notReadyMs: 2_800, readyMs: 3_200 }),
      ...many(32, { notReadyMs: 19_500, readyMs: 20_500 }),
    ];
    const plan = planPolls(solveSpans(two, [3_000, 5_000]), 5_000);
    expect(plan.filter((ms) => ms > 6_000 && ms < 15_000).length).toBeLessThanOrEqual(1);
  });
});

describe('PollPlanner', () => {
  it.each([
    ['starts cold', 5_000, [3_000, 5_000]],
    ['starts sooner where polls are closer than usual', 500, [300, 500]],
    ['starts as usual where they are farther apart', 60_000, [3_000, 5_000]],
  ])('%s', (_sentence, intervalMs, planMs) => {
    expect(aPlanner().planMs('turnstile', { ...timing, intervalMs })).toEqual(planMs);
  });

  it('plans each method by its own samples', () => {
    const planner = plannerAfter(many(20, [9_000, 10_000]));
    expect(planner.planMs('geetest', timing)).toEqual(timing.coldStartMs);
    expect(planner.planMs('turnstile', timing)).not.toEqual(timing.coldStartMs);
  });

  it('plans again after the first sample, and later not for each, nor twice within a second', () => {
    let atMs = 0;
    const planner = plannerAfter([[3_000, 5_000]], () => atMs);
    const first = planner.planMs('turnstile', timing);
    planner.times.record('turnstile', { notReadyMs: 3_000, readyMs: 5_000 });
    expect(planner.planMs('turnstile', timing)).not.toBe(first);
    for (const span of many(62, [3_000, 5_000] as const))
      planner.times.record('turnstile', { notReadyMs: span[0], readyMs: span[1] });
    const learnt = planner.planMs('turnstile', timing);
    for (let count = 1; count < 16; count += 1) {
      planner.times.record('turnstile', { notReadyMs: 3_000, readyMs: 5_000 });
      expect(planner.planMs('turnstile', timing)).toBe(learnt);
    }
    planner.times.record('turnstile', { notReadyMs: 3_000, readyMs: 5_000 });
    expect(planner.planMs('turnstile', timing)).toBe(learnt);
    atMs = 1_000;
    expect(planner.planMs('turnstile', timing)).not.toBe(learnt);
  });

  it('plans again for another interval', () => {
    const planner = plannerAfter(many(20, [9_000, 10_000]));
    expect(planner.planMs('turnstile', { ...timing, intervalMs: 1_000 })).not.toEqual(
      planner.planMs('turnstile', timing),
    );
  });
});

/** The first poll after a service has changed: each task is polled as planned, and only that is learnt from. */
function planAfterChange(fromMs: number, toMs: number, tasks: number): readonly number[] {
  let atMs = 0;
  const planner = aPlanner(() => atMs);
  const solve = (solvedMs: number): void => {
    atMs += 1_000;
    const plan = planner.planMs('turnstile', timing);
    const last = plan.at(-1) ?? 0;
    const later = Array.from({ length: 60 }, (_, index) => last + (index + 1) * 5_000);
    const ages = [...plan, ...later];
    const at = ages.findIndex((ms) => ms >= solvedMs);
    planner.times.record('turnstile', { notReadyMs: ages[at - 1] ?? 0, readyMs: ages[at]! });
  };
  for (let count = 0; count < 64; count += 1) solve(fromMs * (0.9 + (count % 5) * 0.05));
  for (let count = 0; count < tasks; count += 1) solve(toMs * (0.9 + (count % 5) * 0.05));
  return planner.planMs('turnstile', timing);
}

describe('a service that changes', () => {
  it.each([
    ['becomes slower', 4_000, 30_000],
    ['becomes faster', 30_000, 4_000],
  ])('is followed when it %s', (_sentence, fromMs, toMs) => {
    const delay = (plan: readonly number[]): number => (plan.find((ms) => ms >= toMs) ?? Infinity) - toMs;
    expect(delay(planAfterChange(fromMs, toMs, 64))).toBeLessThan(2_500);
    expect(delay(planAfterChange(fromMs, toMs, 24))).toBeLessThan(5_100);
  });
});
