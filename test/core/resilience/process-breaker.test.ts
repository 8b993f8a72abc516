import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { ProcessBreaker } from '../../../src/core/resilience/circuit-breaker.ts';
import { usualBreaker } from '../../support/solver-harness.ts';

function aBreaker(draw: number): { breaker: ProcessBreaker; clock: VirtualClock } {
  const clock = new VirtualClock();
  const options = { ...usualBreaker, consecutiveFailures: 1 };
  return { breaker: new ProcessBreaker(options, { clock, random: { next: () => draw } }), clock };
}

function fail(breaker: ProcessBreaker): void {
  const admission = breaker.tryAcquire();
  if (admission.admitted) breaker.record(admission.permit, 'failure');
}

describe('ProcessBreaker', () => {
  it('opens with a break that includes random jitter', () => {
    const { breaker } = aBreaker(0.5);
    fail(breaker);
    expect(breaker.tryAcquire()).toEqual({ admitted: false, retryInMs: 6_250 });
  });

  it('gives one probe after the break, and closes when it succeeds', async () => {
    const { breaker, clock } = aBreaker(0);
    fail(breaker);
    await clock.advance(5_000);
    const admission = breaker.tryAcquire();
    expect(admission).toMatchObject({ admitted: true, permit: { probe: true } });
    expect(breaker.tryAcquire().admitted).toBe(false);
    if (admission.admitted) breaker.record(admission.permit, 'success');
    expect(breaker.tryAcquire()).toMatchObject({ admitted: true, permit: { probe: false } });
  });
});
