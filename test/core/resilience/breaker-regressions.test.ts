import { describe, expect, it } from 'vitest';
import { CircuitBreaker } from '../../../src/core/resilience/circuit-breaker.ts';
import type { CallResult } from '../../../src/ports/state.ts';
import { at, opened, options, passAt, recordAll, times } from '../../support/breaker-harness.ts';

/** Measured with opossum 9.0.0 and cockatiel 3.2.1: the fault of each, and the behaviour here. */
describe('faults of other breakers', () => {
  it('opossum: a success that began before the trip closes the half-open circuit; here it changes nothing', () => {
    const { breaker, late } = opened();
    const probe = passAt(breaker, 5_000);
    breaker.record(late[0]!, 'success', at(5_100));
    expect(breaker.state).toBe('half-open');
    breaker.record(probe, 'failure', at(5_200));
    expect(breaker.state).toBe('open');
  });

  it('cockatiel: a failure that began before the trip discards the probe; here the probe decides', () => {
    const { breaker, late } = opened();
    const probe = passAt(breaker, 5_000);
    breaker.record(late[0]!, 'failure', at(5_100));
    breaker.record(probe, 'success', at(5_200));
    expect(breaker.state).toBe('closed');
  });

  it('cockatiel: callers hang until the probe has ended; here they get the time of the next try at once', () => {
    const { breaker } = opened();
    passAt(breaker, 5_000);
    expect(breaker.tryAcquire(5_000)).toEqual({ admitted: false, retryInMs: 1_000 });
  });

  it('a breaker restored from a log of an earlier version, which has no begin of the outage, tells no duration', () => {
    const { breaker } = opened();
    const snapshot = breaker.snapshot();
    const state = { ...snapshot.state, sinceMs: undefined };
    const restored = new CircuitBreaker(options);
    restored.restore({ ...snapshot, state });
    expect(restored.outage(1_000)).toBeNull();
    expect(restored.tryAcquire(1)).toEqual({ admitted: false, retryInMs: 4_999 });
  });

  it('opossum: a breaker restored just after it opened is half-open; here it is open for the rest of its break', () => {
    const { breaker } = opened();
    const restored = new CircuitBreaker(options);
    restored.restore(JSON.parse(JSON.stringify(breaker.snapshot())) as ReturnType<typeof breaker.snapshot>);
    expect(restored.tryAcquire(1)).toEqual({ admitted: false, retryInMs: 4_999 });
    expect(restored.tryAcquire(5_000)).toMatchObject({ admitted: true, permit: { probe: true } });
  });

  it('opossum: calls that were refused dilute the failure ratio; here only outcomes count', () => {
    const breaker = new CircuitBreaker({ ...options, consecutiveFailures: null, failureRatio: 0.5 });
    const failing = times<CallResult>(10, 'failure');
    recordAll(breaker, failing);
    expect(breaker.state).toBe('open');
    for (let refused = 0; refused < 1_000; refused += 1) breaker.tryAcquire(100);
    breaker.record(passAt(breaker, 5_000), 'success', at(5_000));
    recordAll(breaker, failing, 36_000);
    expect(breaker.state).toBe('open');
  });
});
