import { describe, expect, it } from 'vitest';
import type { Breaker, Permit } from '../../src/ports/state.ts';
import { usualBreaker, usualBudget } from '../support/solver-harness.ts';
import { resilienceAdapters } from './support/resilience-adapters.ts';

const breakMs = 1_000;

async function pass(breaker: Breaker): Promise<Permit> {
  const admission = await breaker.tryAcquire();
  if (!admission.admitted) throw new Error('not admitted');
  return admission.permit;
}

describe.each(resilienceAdapters)('the breaker %s', (_name, start) => {
  function aBreaker(special: object = {}) {
    const options = { ...usualBreaker, consecutiveFailures: 2, breakDurationMs: breakMs, maxBreakDurationMs: 4_000 };
    const started = start({ budget: usualBudget, breaker: { ...options, ...special } });
    return { ...started, a: started.views[0]!.breaker, b: started.views[1]!.breaker };
  }

  async function opened() {
    const started = aBreaker();
    const late = await pass(started.b);
    await started.a.record(await pass(started.a), 'failure');
    await started.b.record(await pass(started.b), 'failure');
    return { ...started, late };
  }

  it('admits every caller while it is closed', async () => {
    const { a, b } = aBreaker();
    expect([await a.tryAcquire(), await b.tryAcquire()]).toMatchObject([{ admitted: true }, { admitted: true }]);
  });

  it('opens for all after failures of any caller', async () => {
    const { a, b } = await opened();
    for (const breaker of [a, b]) {
      const admission = await breaker.tryAcquire();
      expect(admission.admitted ? null : admission.retryInMs).toBeGreaterThan(0);
      expect(admission.admitted ? null : admission.retryInMs).toBeLessThanOrEqual(breakMs);
    }
  });

  it('gives one probe in total when the break is over', async () => {
    const { a, b, pass: elapse } = await opened();
    await elapse(breakMs);
    expect(await b.tryAcquire()).toMatchObject({ admitted: true, permit: { probe: true } });
    expect(await a.tryAcquire()).toMatchObject({ admitted: false });
    expect(await b.tryAcquire()).toMatchObject({ admitted: false });
  });

  it('closes for all after a successful probe, and opens again after a failed one', async () => {
    const { a, b, pass: elapse } = await opened();
    await elapse(breakMs);
    await a.record(await pass(a), 'failure');
    expect(await b.tryAcquire()).toMatchObject({ admitted: false });
    await elapse(2 * breakMs);
    await b.record(await pass(b), 'success');
    expect(await a.tryAcquire()).toMatchObject({ admitted: true, permit: { probe: false } });
  });

  it('ignores results from before it opened', async () => {
    const { a, b, late, pass: elapse } = await opened();
    await b.record(late, 'success');
    expect(await a.tryAcquire()).toMatchObject({ admitted: false });
    await elapse(breakMs);
    const probe = await pass(a);
    await b.record({ ...late }, 'failure');
    await a.record(probe, 'success');
    expect(await b.tryAcquire()).toMatchObject({ admitted: true });
  });

  it('is not opened by busy answers', async () => {
    const { a, b } = aBreaker();
    for (let count = 0; count < 20; count += 1) await a.record(await pass(a), 'busy');
    expect(await b.tryAcquire()).toMatchObject({ admitted: true });
  });

  it('limits concurrent submissions while the service is unproven', async () => {
    const { a, b, pass: elapse } = aBreaker({ unprovenLimit: 2 });
    const first = await pass(a);
    await pass(b);
    expect(await a.tryAcquire()).toMatchObject({ admitted: false, soon: true });
    await a.record(first, 'success');
    await elapse(20);
    expect([await a.tryAcquire(), await b.tryAcquire(), await b.tryAcquire()]).toMatchObject([
      { admitted: true },
      { admitted: true },
      { admitted: true },
    ]);
  });
});
