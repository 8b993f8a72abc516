import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import {
  maxSolveTimes,
  solvedShare,
  solveSpans,
  SolveTimes,
  solveTimeAt,
} from '../../../src/core/solve/solve-times.ts';
import type { LoggedSolveTime, SolveTime, SolveTimeLog } from '../../../src/ports/state.ts';

const solvedIn = (notReadyMs: number, readyMs: number): SolveTime => ({ notReadyMs, readyMs });

/** A log in memory. */
function aLog(known: readonly LoggedSolveTime[] = []) {
  const written: LoggedSolveTime[] = [];
  const log = { reads: 0, written };
  const port: SolveTimeLog = {
    read: () => {
      log.reads += 1;
      return known;
    },
    append: (times) => void written.push(...times),
  };
  return { log, port };
}

describe('solvedShare', () => {
  it('is 0 without samples', () => {
    expect(solvedShare(solveSpans([], [3_000]), 60_000)).toBe(0);
  });

  it('grows evenly over the time in which a task was solved', () => {
    const spans = [{ fromMs: 2_000, toMs: 4_000, weight: 2 }];
    expect([0, 2_000, 2_500, 3_000, 4_000, 9_000].map((ms) => solvedShare(spans, ms))).toEqual([0, 0, 0.25, 0.5, 1, 1]);
  });

  it('follows the latest samples, and keeps a little of what was believed before', () => {
    const slow = Array.from({ length: 32 }, () => solvedIn(19_000, 20_000));
    const fast = Array.from({ length: 32 }, () => solvedIn(1_000, 2_000));
    const share = solvedShare(solveSpans([...slow, ...fast], [3_000, 5_000]), 10_000);
    expect(share).toBeGreaterThan(0.6);
    expect(share).toBeLessThan(0.75);
    const first = solveSpans([solvedIn(3_000, 5_000)], [3_000, 5_000]);
    expect(solvedShare(first, 800)).toBeGreaterThan(0);
    expect(solvedShare(first, 4_000)).toBeCloseTo(0.625, 2);
  });

  it('never falls, and reaches 1 not long after the longest sample', () => {
    const someTime = fc.tuple(fc.nat(60_000), fc.nat(60_000)).map(([a, b]) => solvedIn(Math.min(a, b), Math.max(a, b)));
    fc.assert(
      fc.property(
        fc.array(someTime, { minLength: 1, maxLength: 64 }),
        fc.nat(70_000),
        fc.nat(70_000),
        (times, a, b) => {
          const spans = solveSpans(times, [1_000, 2_500, 5_000]);
          const [sooner, later] = [Math.min(a, b), Math.max(a, b)].map((ms) => solvedShare(spans, ms));
          expect(sooner).toBeGreaterThanOrEqual(0);
          expect(later).toBeGreaterThanOrEqual(sooner!);
          expect(solvedShare(spans, 1.8 * Math.max(...times.map(({ readyMs }) => readyMs)))).toBeCloseTo(1, 9);
        },
      ),
    );
  });
});

describe('solveTimeAt', () => {
  it('takes a task to be solved in the middle of its span', () => {
    const samples = [solvedIn(0, 2_000), solvedIn(2_000, 4_000), solvedIn(8_000, 9_000)];
    expect([0, 0.5, 0.95].map((share) => solveTimeAt(samples, share))).toEqual([1_000, 3_000, 8_500]);
    expect(solveTimeAt([], 0.5)).toBeNull();
  });
});

describe('SolveTimes', () => {
  it('keeps the latest of each method, whoever saw them', () => {
    const old = Array.from({ length: 60 }, (_, index) => ({ method: 'turnstile', time: solvedIn(0, index) }));
    const times = new SolveTimes(aLog(old).port, { clock: new VirtualClock() });
    for (let index = 0; index < 10; index += 1) times.record('turnstile', solvedIn(0, 1_000 + index));
    times.record('base64', solvedIn(0, 700));
    expect(times.latest('turnstile')).toHaveLength(maxSolveTimes);
    expect(times.latest('turnstile')[0]).toEqual(solvedIn(0, 6));
    expect(times.latest('turnstile').at(-1)).toEqual(solvedIn(0, 1_009));
    expect(times.latest('base64')).toEqual([solvedIn(0, 700)]);
    expect(times.latest('geetest')).toEqual([]);
    expect([times.now('turnstile').count, times.now('geetest').count]).toEqual([10, 0]);
  });

  it('reads the log once, when it is first needed', () => {
    const { log, port } = aLog();
    const times = new SolveTimes(port, { clock: new VirtualClock() });
    expect(log.reads).toBe(0);
    times.latest('turnstile');
    times.record('turnstile', solvedIn(0, 1));
    expect(log.reads).toBe(1);
  });

  it('writes what it saw when somebody has to wait anyway, every few seconds at most, and when it is told to', async () => {
    const clock = new VirtualClock();
    const { log, port } = aLog();
    const times = new SolveTimes(port, { clock });
    times.record('turnstile', solvedIn(0, 1));
    times.latest('turnstile');
    expect(log.written).toEqual([]);
    await clock.advance(5_000);
    times.record('turnstile', solvedIn(0, 2));
    expect(log.written).toEqual([]);
    times.latest('turnstile');
    expect(log.written).toHaveLength(2);
    times.record('base64', solvedIn(0, 3));
    times.write();
    times.write();
    expect(log.written.map(({ time }) => time.readyMs)).toEqual([1, 2, 3]);
  });
});
