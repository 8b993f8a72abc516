import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { ProcessRetryBudget } from '../../../src/core/resilience/retry-budget.ts';

const options = { ratio: 0.5, minRetriesPerSecond: 0, maxRetriesPerSecond: 10, burst: 1 };
const now = { onExhausted: 'fail', maxWaitMs: 60_000, taskId: 't1' } as const;
const later = { ...now, onExhausted: 'wait' } as const;

describe('ProcessRetryBudget', () => {
  it('grants an available token, and tells the balance', () => {
    const budget = new ProcessRetryBudget({ ...options, burst: 3 }, { clock: new VirtualClock() });
    expect(budget.tryWithdraw(now)).toEqual({ granted: true, waitMs: 0, balance: 2 });
  });

  it('refuses a caller that does not wait, and tells when there will be a token', () => {
    const budget = new ProcessRetryBudget({ ...options, ratio: null }, { clock: new VirtualClock() });
    budget.tryWithdraw(now);
    expect(budget.tryWithdraw(now)).toEqual({ granted: false, retryInMs: 100 });
  });

  it('reserves for waiting callers, one after another', () => {
    const budget = new ProcessRetryBudget({ ...options, ratio: null }, { clock: new VirtualClock() });
    budget.tryWithdraw(now);
    expect(budget.tryWithdraw(later)).toEqual({ granted: true, waitMs: 100, balance: -1 });
    expect(budget.tryWithdraw(later)).toEqual({ granted: true, waitMs: 200, balance: -2 });
  });

  it("refuses a reservation beyond the caller's maximum wait", () => {
    const budget = new ProcessRetryBudget({ ...options, ratio: null }, { clock: new VirtualClock() });
    budget.tryWithdraw(now);
    expect(budget.tryWithdraw({ ...later, maxWaitMs: 99 })).toEqual({ granted: false, retryInMs: 100 });
    expect(budget.tryWithdraw({ ...later, maxWaitMs: 100 })).toMatchObject({ granted: true });
  });

  it('gives no time if only accepted submissions fund retries', () => {
    const budget = new ProcessRetryBudget(options, { clock: new VirtualClock() });
    budget.tryWithdraw(now);
    expect(budget.tryWithdraw(later)).toEqual({ granted: false, retryInMs: null });
  });

  it('is funded by accepted submissions and refilled as time passes on its clock', async () => {
    const clock = new VirtualClock();
    const budget = new ProcessRetryBudget(options, { clock });
    budget.tryWithdraw(now);
    budget.deposit();
    budget.deposit();
    expect(budget.tryWithdraw(now)).toEqual({ granted: false, retryInMs: 100 });
    await clock.advance(100);
    expect(budget.tryWithdraw(now)).toEqual({ granted: true, waitMs: 0, balance: 0 });
  });
});
