import { describe, expect, it } from 'vitest';
import { SolveDurations } from '../../../src/core/solve/poll-schedule.ts';

const usual = { firstWaitMs: 10_000, intervalMs: 5_000, lifetimeMs: 120_000 };

function learntFrom(notReadyMs: readonly number[]): number {
  const times = new SolveDurations();
  for (const ms of notReadyMs) times.record('turnstile', ms);
  return times.learnt('turnstile', usual).firstWaitMs;
}

const many = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms);

describe('what a batch learns about the first poll', () => {
  it.each([
    ['is nothing from fewer than sixteen', many(15, 30_000), 10_000],
    ['is what four fifths of the tasks took at least', [...many(4, 12_000), ...many(16, 30_000)], 30_000],
    ['heeds the early fifth', [...many(5, 12_000), ...many(15, 30_000)], 12_000],
    ["is never less than the method's own wait", many(20, 2_000), 10_000],
    ['forgets what is older than 64 solutions', [...many(100, 60_000), ...many(64, 20_000)], 20_000],
  ])('%s', (_sentence, notReadyMs, firstWaitMs) => {
    expect(learntFrom(notReadyMs)).toBe(firstWaitMs);
  });

  it('is for its own method only, and leaves the rest of the timing alone', () => {
    const times = new SolveDurations();
    for (const ms of many(20, 30_000)) times.record('turnstile', ms);
    expect(times.learnt('geetest', usual)).toEqual(usual);
    expect(times.learnt('turnstile', usual)).toEqual({ ...usual, firstWaitMs: 30_000 });
  });
});
