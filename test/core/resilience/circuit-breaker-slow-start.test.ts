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

/** All submissions that are admitted now. */
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
  it('doubles the submissions in flight with every round trip', () => {
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

  it('allows as many in flight as were started in a second before, if that is above a hundred', () => {
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

  it('refuses the others: a caller that does not wait fails', () => {
    const breaker = closedAgain();
    admitted(breaker, 5_000);
    expect(breaker.tryAcquire(5_000)).toEqual(notYet);
  });

  it("admits at most at the earlier pace of the service's use", () => {
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

  it('knows the pace of a service that was used only briefly', () => {
    const breaker = new CircuitBreaker({ ...options, consecutiveFailures: 5 });
    for (let nowMs = 0; nowMs < 1_000; nowMs += 10) breaker.record(passAt(breaker, nowMs), 'success', at(nowMs));
    for (let failures = 0; failures < 5; failures += 1) breaker.record(passAt(breaker, 1_000), 'failure', at(1_000));
    breaker.record(passAt(breaker, 10_000), 'success', at(10_000));
    passAt(breaker, 10_000);
    passAt(breaker, 10_010);
  });

  it('halves the limit with every failure', () => {
    const breaker = closedAgain();
    for (const pass of admitted(breaker, 5_000)) breaker.record(pass, 'success', at(5_100));
    for (const pass of admitted(breaker, 5_200)) breaker.record(pass, 'success', at(5_300));
    const [failing, ...others] = admitted(breaker, 5_400);
    breaker.record(failing!, 'failure', at(5_500));
    for (const pass of others) breaker.record(pass, 'busy', at(5_500));
    expect(admitted(breaker, 5_600)).toHaveLength(4);
  });

  it.each(['busy', 'abandoned'] as const)('frees the slot of a submission that was %s', (verdict) => {
    const breaker = closedAgain();
    const [first] = admitted(breaker, 5_000);
    breaker.record(first!, verdict, at(5_100));
    expect(admitted(breaker, 5_200)).toHaveLength(1);
  });

  it('frees the slot of a submission whose lease has ended', () => {
    const breaker = closedAgain();
    admitted(breaker, 5_000);
    expect(admitted(breaker, 24_999)).toHaveLength(0);
    expect(admitted(breaker, 25_000)).toHaveLength(2);
  });

  it('has no limit after one window', () => {
    const breaker = closedAgain();
    expect(admitted(breaker, 34_999)).toHaveLength(2);
    expect(admitted(breaker, 35_000)).toHaveLength(500);
  });
});

describe('CircuitBreaker, with an unproven service', () => {
  const cautious = { ...options, consecutiveFailures: 5, unprovenLimit: 5 };

  it('sends no more submissions into an outage than open it, however many start at once', () => {
    const breaker = new CircuitBreaker(cautious);
    let sent = 0;
    for (let nowMs = 0; breaker.state === 'closed'; nowMs += 100) {
      const passes = admitted(breaker, nowMs);
      sent += passes.length;
      // One after another: the waiting ones ask again after each.
      breaker.record(passes[0] ?? { epoch: 0, probe: false }, 'failure', at(nowMs));
      sent += admitted(breaker, nowMs).length;
      for (const pass of passes.slice(1)) breaker.record(pass, 'failure', at(nowMs));
    }
    expect(sent).toBe(5);
  });

  it.each(['success', 'busy'] as const)('admits all callers after the first %s', (verdict) => {
    const breaker = new CircuitBreaker(cautious);
    const [first] = admitted(breaker, 0);
    expect(breaker.tryAcquire(0)).toEqual(soon);
    breaker.record(first!, verdict, at(200));
    expect(admitted(breaker, 200)).toHaveLength(500);
  });

  it('has a limit again after a window without an answer', () => {
    const breaker = new CircuitBreaker(cautious);
    breaker.record(passAt(breaker, 0), 'success', at(0));
    expect(admitted(breaker, 30_000)).toHaveLength(500);
    expect(admitted(breaker, 30_001)).toHaveLength(5);
  });

  it('always admits one, so that it learns at some time', () => {
    const breaker = new CircuitBreaker({ ...cautious, consecutiveFailures: null });
    for (let failures = 0; failures < 9; failures += 1) {
      breaker.record(passAt(breaker, failures * 40_000), 'failure', at(failures * 40_000));
    }
    expect(admitted(breaker, 400_000)).toHaveLength(1);
  });
});
