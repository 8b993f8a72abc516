import { describe, expect, it } from 'vitest';
import { RetryBudgetState } from '../../../src/core/resilience/retry-budget.ts';

const options = { ratio: 1 / 3, minRetriesPerSecond: 0.2, maxRetriesPerSecond: 10, burst: 3 };

function used(): RetryBudgetState {
  const budget = new RetryBudgetState(options, 0);
  for (const nowMs of [0, 10, 20, 30]) budget.tryWithdraw(60_000, nowMs);
  return budget;
}

describe('RetryBudgetState, replayed by several processes', () => {
  it('does not change by reads, however late', () => {
    const budget = used();
    const before = budget.snapshot();
    budget.balance(5_000);
    budget.waitForTokenMs(9_000);
    expect(budget.snapshot()).toEqual(before);
  });

  it('continues from a JSON snapshot without a difference', () => {
    const [budget, restored] = [used(), new RetryBudgetState(options, 0)];
    restored.restore(JSON.parse(JSON.stringify(budget.snapshot())) as ReturnType<typeof budget.snapshot>);
    for (const nowMs of [40.125, 2_000.1, 30_000]) {
      expect(restored.tryWithdraw(0, nowMs)).toEqual(budget.tryWithdraw(0, nowMs));
      expect(restored.balance(nowMs)).toBe(budget.balance(nowMs));
    }
  });

  it('gets the same from many deposits at once as one by one', () => {
    const [one, many] = [used(), used()];
    for (let count = 0; count < 7; count += 1) one.deposit(50);
    many.deposit(50, 7);
    expect(many.snapshot()).toEqual(one.snapshot());
  });
});
