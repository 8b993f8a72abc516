import { describe, expect, it } from 'vitest';
import { CircuitBreaker } from '../../../src/core/resilience/circuit-breaker.ts';
import type { Permit } from '../../../src/ports/state.ts';
import { at, opened, options, passAt } from '../../support/breaker-harness.ts';

const soon = { admitted: false, retryInMs: 40, soon: true };
const notYet = { admitted: false, retryInMs: 40 };

/** Closed again at 5 s. */
function closedAgain(): CircuitBreaker {
  const { breaker } = opened();
  breaker.record(passAt(breaker, 5_000), 'success', at(5_000));
  return breaker;
}

/** Everybody who is let through now. */
function admitted(breaker: CircuitBreaker, nowMs: number): Permit[] {
  const passes: Permit[] = [];
  for (let asked = 0; asked < 500; asked += 1) {
    const admission = breaker.tryAcquire(nowMs);
    if (!admission.admitted) break;
    passes.push(admission.permit);
  }
  return passes;
}

describe('CircuitBreaker, after a break', () => {
  it('doubles what is out with every round trip', () => {
    const breaker = closedAgain();
    const rounds: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      const passes = admitted(breaker, 5_000 + round * 200);
      rounds.push(passes.length);
      for (const pass of passes) breaker.record(pass, 'success', at(5_100 + round * 200));
    }
    expect(rounds).toEqual([2, 4, 8, 16, 32, 64]);
    expect(admitted(breaker, 7_000), 'never more than').toHaveLength(100);
  });

  it('lets as many be out as were begun in a second before, where that is more than a hundred', () => {
    const breaker = new CircuitBreaker({ ...options, consecutiveFailures: 5 });
    for (let nowMs = 0; nowMs < 30_000; nowMs += 2) breaker.record(passAt(breaker, nowMs), 'success', at(nowMs));
    for (let failures = 0; failures < 5; failures += 1) breaker.record(passAt(breaker, 30_000), 'failure', at(30_000));
    breaker.record(passAt(breaker, 40_000), 'success', at(40_000));
    const latencyMs = 1_000;
    const out: { pass: Permit; endMs: number }[] = [];
    let most = 0;
    for (let nowMs = 40_000; nowMs < 65_000; nowMs += 10) {
      while ((out[0]?.endMs ?? Infinity) <= nowMs) breaker.record(out.shift()!.pass, 'success', at(nowMs));
      for (const pass of admitted(breaker, nowMs)) out.push({ pass, endMs: nowMs + latencyMs });
      most = Math.max(most, out.length);
    }
    expect(most).toBeGreaterThan(400);
    expect(most).toBeLessThanOrEqual(500);
  });

  it('refuses the others: a caller that would rather fail than wait fails, and does not queue', () => {
    const breaker = closedAgain();
    admitted(breaker, 5_000);
    expect(breaker.tryAcquire(5_000)).toEqual(notYet);
  });

  it('lets nobody through faster than the service was used before', () => {
    const breaker = new CircuitBreaker({ ...options, consecutiveFailures: 5 });
    for (let nowMs = 0; nowMs < 30_000; nowMs += 500) {
      breaker.record(passAt(breaker, nowMs), 'success', at(nowMs));
    }
    for (let failures = 0; failures < 5; failures += 1) breaker.record(passAt(breaker, 30_000), 'failure', at(30_000));
    breaker.record(passAt(breaker, 40_000), 'success', at(40_000));
    const begun: number[] = [];
    for (let nowMs = 40_000; nowMs < 60_000; nowMs += 20) {
      for (const pass of admitted(breaker, nowMs)) {
        begun.push(nowMs);
        breaker.record(pass, 'success', at(nowMs));
      }
    }
    expect(begun.length).toBeGreaterThan(30);
    expect(begun.length).toBeLessThanOrEqual(41);
  });

  it('knows the pace of a service that was used for a moment only', () => {
    const breaker = new CircuitBreaker({ ...options, consecutiveFailures: 5 });
    for (let nowMs = 0; nowMs < 1_000; nowMs += 10) breaker.record(passAt(breaker, nowMs), 'success', at(nowMs));
    for (let failures = 0; failures < 5; failures += 1) breaker.record(passAt(breaker, 1_000), 'failure', at(1_000));
    breaker.record(passAt(breaker, 10_000), 'success', at(10_000));
    passAt(breaker, 10_000);
    passAt(breaker, 10_010);
  });

  it('halves what may be out with every failure', () => {
    const breaker = closedAgain();
    for (const pass of admitted(breaker, 5_000)) breaker.record(pass, 'success', at(5_100));
    for (const pass of admitted(breaker, 5_200)) breaker.record(pass, 'success', at(5_300));
    const [failing, ...others] = admitted(breaker, 5_400);
    breaker.record(failing!, 'failure', at(5_500));
    for (const pass of others) breaker.record(pass, 'busy', at(5_500));
    expect(admitted(breaker, 5_600)).toHaveLength(4);
  });

  it.each(['busy', 'abandoned'] as const)('gives the place of a submission that was %s to another', (verdict) => {
    const breaker = closedAgain();
    const [first] = admitted(breaker, 5_000);
    breaker.record(first!, verdict, at(5_100));
    expect(admitted(breaker, 5_200)).toHaveLength(1);
  });

  it('gives the place of a submission whose lease has ended to another', () => {
    const breaker = closedAgain();
    admitted(breaker, 5_000);
    expect(admitted(breaker, 24_999)).toHaveLength(0);
    expect(admitted(breaker, 25_000)).toHaveLength(2);
  });

  it('limits nobody once a window has gone by', () => {
    const breaker = closedAgain();
    expect(admitted(breaker, 34_999)).toHaveLength(2);
    expect(admitted(breaker, 35_000)).toHaveLength(500);
  });
});

describe('CircuitBreaker, with nothing heard of the service', () => {
  const cautious = { ...options, consecutiveFailures: 5, unprovenLimit: 5 };

  it('meets an outage with no more submissions than open it, however many begin at once', () => {
    const breaker = new CircuitBreaker(cautious);
    let sent = 0;
    for (let nowMs = 0; breaker.state === 'closed'; nowMs += 100) {
      const passes = admitted(breaker, nowMs);
      sent += passes.length;
      // One after the other: those behind it ask again after each.
      breaker.record(passes[0] ?? { epoch: 0, probe: false }, 'failure', at(nowMs));
      sent += admitted(breaker, nowMs).length;
      for (const pass of passes.slice(1)) breaker.record(pass, 'failure', at(nowMs));
    }
    expect(sent).toBe(5);
  });

  it.each(['success', 'busy'] as const)('lets everybody through with the first %s', (verdict) => {
    const breaker = new CircuitBreaker(cautious);
    const [first] = admitted(breaker, 0);
    expect(breaker.tryAcquire(0)).toEqual(soon);
    breaker.record(first!, verdict, at(200));
    expect(admitted(breaker, 200)).toHaveLength(500);
  });

  it('is cautious again when nothing was heard for a window', () => {
    const breaker = new CircuitBreaker(cautious);
    breaker.record(passAt(breaker, 0), 'success', at(0));
    expect(admitted(breaker, 30_000)).toHaveLength(500);
    expect(admitted(breaker, 30_001)).toHaveLength(5);
  });

  it('always lets one through, so that it learns at some time', () => {
    const breaker = new CircuitBreaker({ ...cautious, consecutiveFailures: null });
    for (let failures = 0; failures < 9; failures += 1) {
      breaker.record(passAt(breaker, failures * 40_000), 'failure', at(failures * 40_000));
    }
    expect(admitted(breaker, 400_000)).toHaveLength(1);
  });
});
