import { describe, expect, it } from 'vitest';
import { usualBreaker } from '../support/solver-harness.ts';
import { budgets } from './support/resilience-adapters.ts';

const now = { onExhausted: 'fail', maxWaitMs: 60_000, taskId: 't1' } as const;
const later = { ...now, onExhausted: 'wait' } as const;

describe.each(budgets)('the retry budget %s', (_name, start) => {
  function aBudget(special: object) {
    const budget = { ratio: null, minRetriesPerSecond: 0, maxRetriesPerSecond: 10, burst: 2, ...special };
    const started = start({ budget, breaker: usualBreaker });
    return { ...started, a: started.views[0]!.budget, b: started.views[1]!.budget };
  }

  it('is shared by all its users', async () => {
    const { a, b } = aBudget({ maxRetriesPerSecond: 0.05 });
    expect(await a.tryWithdraw(now)).toMatchObject({ granted: true, waitMs: 0 });
    expect(await b.tryWithdraw(now)).toMatchObject({ granted: true, waitMs: 0 });
    expect(await a.tryWithdraw(now)).toMatchObject({ granted: false });
    expect(await b.tryWithdraw(now)).toMatchObject({ granted: false });
  });

  it('tells how long until a token is free, and grants it then', async () => {
    const { a, b, pass } = aBudget({ burst: 1, maxRetriesPerSecond: 0.4 });
    await a.tryWithdraw(now);
    let refused = await b.tryWithdraw(now);
    // On a busy machine the next token may have come in the meantime.
    while (refused.granted) refused = await b.tryWithdraw(now);
    const { retryInMs } = refused;
    expect(retryInMs).toBeGreaterThan(0);
    expect(retryInMs).toBeLessThanOrEqual(2_500);
    await pass(retryInMs ?? 0);
    expect(await b.tryWithdraw(now)).toMatchObject({ granted: true });
  });

  it('reserves for waiting callers, one after another', async () => {
    const { a, b } = aBudget({ burst: 1, maxRetriesPerSecond: 0.1 });
    await a.tryWithdraw(now);
    const waits = [];
    for (const budget of [a, b, a]) {
      const withdrawal = await budget.tryWithdraw(later);
      waits.push(withdrawal.granted ? Math.ceil(withdrawal.waitMs / 10_000) * 10_000 : null);
    }
    expect(waits).toEqual([10_000, 20_000, 30_000]);
  });

  it("refuses a reservation beyond the caller's maximum wait, and takes nothing for it", async () => {
    const { a, b } = aBudget({ burst: 1, maxRetriesPerSecond: 0.1 });
    await a.tryWithdraw(now);
    for (let count = 0; count < 5; count += 1) {
      expect(await b.tryWithdraw({ ...later, maxWaitMs: 1_000 })).toMatchObject({ granted: false });
    }
    const withdrawal = await b.tryWithdraw({ ...later, maxWaitMs: 10_000 });
    expect(withdrawal).toMatchObject({ granted: true });
  });

  it('waits without limit on request', async () => {
    const { a } = aBudget({ burst: 1, maxRetriesPerSecond: 0.001 });
    await a.tryWithdraw(now);
    expect(await a.tryWithdraw({ ...later, maxWaitMs: Infinity })).toMatchObject({ granted: true });
  });

  it('is funded by accepted submissions of all users', async () => {
    const { a, b, pass } = aBudget({ ratio: 0.5, burst: 1 });
    await a.tryWithdraw(now);
    await b.deposit();
    await b.deposit();
    await pass(1_500);
    expect(await a.tryWithdraw(now)).toMatchObject({ granted: true });
    expect(await a.tryWithdraw(now)).toEqual({ granted: false, retryInMs: null });
  });

  it("includes the caller's latest deposit", async () => {
    const { a, pass } = aBudget({ ratio: 1, burst: 1, maxRetriesPerSecond: 1_000 });
    await a.tryWithdraw(now);
    await pass(20);
    await a.deposit();
    expect(await a.tryWithdraw(now)).toMatchObject({ granted: true });
  });
});
