import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CircuitBreaker } from '../../../src/core/resilience/circuit-breaker.ts';
import type { AcquireResult, Permit, CallResult } from '../../../src/ports/state.ts';
import { at, opened, options, passAt, recordAll, times } from '../../support/breaker-harness.ts';

const isProbe = (admission: AcquireResult): boolean => admission.admitted && admission.permit.probe;

describe('CircuitBreaker, half-open', () => {
  it('gives the probe to exactly one of any number of callers', () => {
    const { breaker } = opened();
    const admissions = Array.from({ length: 100 }, () => breaker.tryAcquire(5_000));
    expect(admissions.map(isProbe).indexOf(true)).toBe(0);
    expect(admissions.filter(({ admitted }) => admitted)).toHaveLength(1);
    expect(breaker.state).toBe('half-open');
  });

  it('tells the others to ask again soon, because the probe may be answered at any moment', () => {
    const { breaker } = opened();
    passAt(breaker, 5_000);
    expect(breaker.tryAcquire(5_000)).toEqual({ admitted: false, retryInMs: 1_000 });
    expect(breaker.tryAcquire(24_400)).toEqual({ admitted: false, retryInMs: 600 });
  });

  it.each<[CallResult, string]>([
    ['success', 'closed'],
    ['busy', 'closed'],
    ['failure', 'open'],
    ['abandoned', 'open'],
  ])('is after a probe that ended with %s %s', (verdict, state) => {
    const { breaker } = opened();
    breaker.record(passAt(breaker, 5_000), verdict, at(5_100));
    expect(breaker.state).toBe(state);
  });

  it('gives the probe to the next caller at once if it was abandoned', () => {
    const { breaker } = opened();
    breaker.record(passAt(breaker, 5_000), 'abandoned', at(5_000));
    expect(breaker.tryAcquire(5_000)).toMatchObject({ admitted: true, permit: { probe: true } });
    expect(breaker.tryAcquire(5_000).admitted).toBe(false);
  });

  it('ignores the late failure of a submission from before the break', () => {
    const { breaker, late } = opened();
    const probe = passAt(breaker, 5_000);
    breaker.record(late[0]!, 'failure', at(5_100));
    expect(breaker.state).toBe('half-open');
    breaker.record(probe, 'success', at(5_200));
    expect(breaker.state).toBe('closed');
  });

  it('ignores the late success of a submission from before the break', () => {
    const { breaker, late } = opened();
    passAt(breaker, 5_000);
    breaker.record(late[0]!, 'success', at(5_100));
    expect(breaker.state).toBe('half-open');
    expect(breaker.tryAcquire(5_100).admitted).toBe(false);
  });

  it('gives a new probe when the lease of the last one has ended, and ignores that one afterwards', () => {
    const { breaker } = opened();
    const dead = passAt(breaker, 5_000);
    expect(breaker.tryAcquire(24_999).admitted).toBe(false);
    const next = passAt(breaker, 25_000);
    expect(next.probe).toBe(true);
    expect(breaker.tryAcquire(25_000).admitted).toBe(false);
    breaker.record(dead, 'success', at(25_100));
    expect(breaker.state).toBe('half-open');
    breaker.record(next, 'failure', at(25_200));
    expect(breaker.state).toBe('open');
  });

  it('starts with an empty window when it closes', () => {
    const breaker = new CircuitBreaker({ ...options, consecutiveFailures: null, failureRatio: 0.5 });
    recordAll(breaker, times(10, 'failure'), 1_000);
    breaker.record(passAt(breaker, 6_000), 'success', at(6_000));
    recordAll(breaker, times(9, 'failure'), 7_000);
    expect(breaker.state).toBe('closed');
  });

  it('starts with no consecutive failures when it closes', () => {
    const { breaker } = opened();
    breaker.record(passAt(breaker, 5_000), 'success', at(5_000));
    recordAll(breaker, times(2, 'failure'), 5_000);
    expect(breaker.state).toBe('closed');
  });
});

describe('CircuitBreaker, after any calls', () => {
  it('never has two probes within a lease, admits no caller in a break, and changes only with current permits', () => {
    const verdict = fc.constantFrom<CallResult>('success', 'failure', 'failure', 'busy', 'abandoned');
    const step = fc.oneof(
      fc.record({ type: fc.constant('enter' as const), afterMs: fc.integer({ min: 0, max: 6_000 }) }),
      fc.record({ type: fc.constant('record' as const), which: fc.nat(), verdict }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const breaker = new CircuitBreaker({ ...options, consecutiveFailures: 2 });
        const out: Permit[] = [];
        let [nowMs, probeMs, epoch] = [0, -Infinity, 0];
        for (const one of steps) {
          const before = breaker.state;
          if (one.type === 'enter') {
            nowMs += one.afterMs;
            const admission = breaker.tryAcquire(nowMs);
            if (!admission.admitted) continue;
            expect(admission.permit.probe).toBe(before !== 'closed');
            if (before === 'half-open') expect(nowMs - probeMs).toBeGreaterThanOrEqual(options.probeLeaseMs);
            if (admission.permit.probe) probeMs = nowMs;
            epoch = admission.permit.epoch;
            out.push(admission.permit);
          } else if (out.length > 0) {
            const [pass] = out.splice(one.which % out.length, 1) as [Permit];
            breaker.record(pass, one.verdict, at(nowMs));
            if (pass.epoch < epoch) expect(breaker.state).toBe(before);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
