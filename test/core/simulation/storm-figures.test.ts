import { describe, expect, it } from 'vitest';
import { scenarioOf } from '../../../src/core/simulation/scenario.ts';
import { figuresOf, type StormTimeline } from '../../../src/core/simulation/storm.ts';

const scenario = scenarioOf({
  clients: 10,
  ratePerSecond: 1,
  outage: { fromMs: 10_000, toMs: 20_000 },
  durationMs: 60_000,
  seed: 1,
});

/** Ten tasks in work, except from second 10 to `backAt`; two submissions per second, half of them accepted. */
function timelineWith(backAt: number): StormTimeline {
  const seconds = Array.from({ length: 60 }, (_, at) => ({
    submissions: 2,
    accepted: 1,
    polls: at === 5 ? 7 : 1,
    inWork: at >= 10 && at < backAt ? 2 : 10,
  }));
  return { seconds, tasks: 80, solved: 30, failed: 10 };
}

describe('the figures of a storm', () => {
  it('count all events', () => {
    expect(figuresOf(timelineWith(25), scenario)).toEqual({
      requests: 186,
      submissions: 120,
      submissionsInOutage: 20,
      amplification: 1.5,
      peakRequestsPerSecond: 9,
      recoveryMs: 5_000,
      solved: 30,
      failed: 10,
      successRatio: 0.75,
      wastedSubmissions: 60,
    });
  });

  it.each([
    [20, 0],
    [48, 28_000],
    [59, 39_000],
    [60, null],
  ])('with the usual number of tasks in work from second %d on, show a recovery after %j ms', (backAt, recoveryMs) => {
    expect(figuresOf(timelineWith(backAt), scenario).recoveryMs).toBe(recoveryMs);
  });
});
