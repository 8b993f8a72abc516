import { describe, expect, it } from 'vitest';
import { CircuitBreaker } from '../../../src/core/resilience/circuit-breaker.ts';
import type { CallResult } from '../../../src/ports/state.ts';
import { at, opened, options, passAt, passesAt, recordAll, times } from '../../support/breaker-harness.ts';

describe('CircuitBreaker, closed', () => {
  it('admits every caller', () => {
    const breaker = new CircuitBreaker(options);
    expect(passesAt(breaker, 0, 100).some(({ probe }) => probe)).toBe(false);
    expect(breaker.state).toBe('closed');
  });

  it.each<[string, CallResult[], string]>([
    ['two failures in a row', times(2, 'failure'), 'closed'],
    ['three failures in a row', times(3, 'failure'), 'open'],
    ['three failures with a success between', ['failure', 'failure', 'success', 'failure'], 'closed'],
    ['a hundred busy answers', times(100, 'busy'), 'closed'],
    ['a hundred abandoned submissions', times(100, 'abandoned'), 'closed'],
  ])('with a limit of three in a row is after %s %s', (_what, verdicts, state) => {
    const breaker = new CircuitBreaker(options);
    recordAll(breaker, verdicts);
    expect(breaker.state).toBe(state);
  });

  it.each([
    { ratio: 0.5, failures: 4, others: 5, state: 'closed' },
    { ratio: 0.5, failures: 5, others: 5, state: 'open' },
    { ratio: 0.5, failures: 4, others: 4, state: 'closed' },
    { ratio: 0.55, failures: 54, others: 46, state: 'closed' },
    { ratio: 0.55, failures: 55, others: 45, state: 'open' },
    { ratio: 0.07, failures: 7, others: 93, state: 'open' },
    { ratio: 0.29, failures: 29, others: 71, state: 'open' },
    { ratio: 1, failures: 9, others: 1, state: 'closed' },
    { ratio: 1, failures: 10, others: 0, state: 'open' },
  ])(
    'with a limit of $ratio is after $failures failures among $others others $state',
    ({ ratio, failures, others, state }) => {
      const breaker = new CircuitBreaker({ ...options, consecutiveFailures: null, failureRatio: ratio });
      recordAll(breaker, [...times<CallResult>(others, 'success'), ...times<CallResult>(failures - 1, 'failure')]);
      expect(breaker.state).toBe('closed');
      recordAll(breaker, ['failure']);
      expect(breaker.state).toBe(state);
    },
  );

  it('does not count busy answers as outcomes', () => {
    const breaker = new CircuitBreaker({ ...options, consecutiveFailures: null, failureRatio: 0.5 });
    recordAll(breaker, [...times<CallResult>(50, 'busy'), ...times<CallResult>(9, 'failure')]);
    expect(breaker.state).toBe('closed');
    recordAll(breaker, ['failure']);
    expect(breaker.state).toBe('open');
  });

  it('forgets outcomes outside the window', () => {
    const breaker = new CircuitBreaker({ ...options, consecutiveFailures: null, failureRatio: 0.5 });
    recordAll(breaker, times(9, 'failure'));
    recordAll(breaker, ['failure'], 30_000);
    expect(breaker.state).toBe('closed');
  });

  it('stays closed if both rules are disabled', () => {
    const breaker = new CircuitBreaker({ ...options, consecutiveFailures: null });
    recordAll(breaker, times(1_000, 'failure'));
    expect(breaker.state).toBe('closed');
  });
});

describe('CircuitBreaker, open', () => {
  it('refuses every caller until the break is over, with the remaining time', () => {
    const { breaker } = opened();
    expect(breaker.tryAcquire(0)).toEqual({ admitted: false, retryInMs: 5_000 });
    expect(breaker.tryAcquire(4_999)).toEqual({ admitted: false, retryInMs: 1 });
  });

  it('opens once after any number of simultaneous failures', () => {
    const { breaker, late } = opened();
    for (const pass of late) breaker.record(pass, 'failure', at(3_000));
    expect(breaker.tryAcquire(4_000)).toEqual({ admitted: false, retryInMs: 1_000 });
    breaker.record(passAt(breaker, 5_000), 'failure', at(5_000));
    // The second break, not the seventh.
    expect(breaker.tryAcquire(5_000)).toEqual({ admitted: false, retryInMs: 10_000 });
  });

  it('ignores the late success of a submission from before the break', () => {
    const { breaker, late } = opened();
    breaker.record(late[0]!, 'success', at(1_000));
    expect(breaker.state).toBe('open');
    expect(breaker.tryAcquire(1_000).admitted).toBe(false);
  });

  it.each<[number, number]>([
    [0, 5_000],
    [0.5, 6_250],
    [1, 7_500],
  ])('with a draw of %d breaks for %d ms, so that clients do not probe in step', (jitter, breakMs) => {
    const breaker = new CircuitBreaker({ ...options, consecutiveFailures: 1 });
    breaker.record(passAt(breaker, 0), 'failure', at(0, jitter));
    expect(breaker.tryAcquire(0)).toEqual({ admitted: false, retryInMs: breakMs });
  });

  it.each<[number, number[]]>([
    [0, [5_000, 10_000, 20_000, 40_000, 40_000, 40_000, 40_000]],
    [1, [5_000, 15_000, 30_000, 60_000, 60_000, 60_000, 60_000]],
  ])('doubles its break with every failed probe, up to the maximum (draw of %d)', (jitter, expected) => {
    const { breaker } = opened();
    const breaks: number[] = [];
    let nowMs = 0;
    for (let count = 0; count < 7; count += 1) {
      const refusal = breaker.tryAcquire(nowMs);
      breaks.push(refusal.admitted ? 0 : refusal.retryInMs);
      nowMs += breaks.at(-1)!;
      breaker.record(passAt(breaker, nowMs), 'failure', at(nowMs, jitter));
    }
    expect(breaks).toEqual(expected);
  });

  it.each([
    { what: 'continues with longer breaks where it opens again within a window', atMs: 44_999, breakMs: 20_000 },
    { what: 'begins with a short break again after a window without one', atMs: 45_000, breakMs: 5_000 },
  ])('$what', ({ atMs, breakMs }) => {
    const { breaker } = opened();
    breaker.record(passAt(breaker, 5_000), 'failure', at(5_000));
    breaker.record(passAt(breaker, 15_000), 'success', at(15_000));
    recordAll(breaker, times(3, 'failure'), atMs);
    expect(breaker.tryAcquire(atMs)).toEqual({ admitted: false, retryInMs: breakMs });
  });
});
