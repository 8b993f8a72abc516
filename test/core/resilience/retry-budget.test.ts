import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Decision, type RetryBudgetOptions, RetryBudgetState } from '../../../src/core/resilience/retry-budget.ts';

const unbounded = { minRetriesPerSecond: 0, maxRetriesPerSecond: 10, burst: 10 };

/** One call on the budget, at a time relative to the call before, in ms; negative for shuffled records. */
interface Operation {
  readonly afterMs: number;
  readonly maxWaitMs: number | 'deposit';
}

interface Use {
  readonly atMs: number;
  readonly takenMs: number;
}

const anOptions: fc.Arbitrary<RetryBudgetOptions> = fc.record({
  ratio: fc.option(fc.constantFrom(0.05, 0.1, 0.25, 0.6, 1), { nil: null }),
  minRetriesPerSecond: fc.constantFrom(0, 0.2, 1, 7, 1 / 3),
  maxRetriesPerSecond: fc.constantFrom(0.5, 1, 10, 100, 1_000, 1 / 60),
  burst: fc.integer({ min: 1, max: 12 }),
});

const maxWaitMs = fc.oneof(
  fc.constantFrom('deposit' as const, 0, 0),
  fc.integer({ min: 1, max: 20_000 }),
  fc.constant(Infinity),
);

function operations(afterMs: fc.Arbitrary<number>): fc.Arbitrary<Operation[]> {
  return fc.array(fc.record({ afterMs, maxWaitMs }), { minLength: 1, maxLength: 150 });
}

const forwards = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 0, max: 3_000 }),
  fc.double({ min: 0, max: 3, noNaN: true }),
);
const shuffled = fc.oneof(forwards, fc.integer({ min: -500, max: 0 }));

function play(options: RetryBudgetOptions, script: readonly Operation[]): { uses: Use[]; decisions: Decision[] } {
  const budget = new RetryBudgetState(options, 0);
  const uses: Use[] = [];
  const decisions: Decision[] = [];
  let [nowMs, latestMs] = [0, 0];
  for (const operation of script) {
    nowMs = Math.max(0, nowMs + operation.afterMs);
    latestMs = Math.max(latestMs, nowMs);
    if (operation.maxWaitMs === 'deposit') budget.deposit(nowMs);
    else {
      const decision = budget.tryWithdraw(operation.maxWaitMs, nowMs);
      decisions.push(decision);
      if (decision.granted) uses.push({ atMs: latestMs + decision.waitMs, takenMs: latestMs });
    }
  }
  return { uses, decisions };
}

/**
 * The maximum by which the uses in any window exceed `burst + perSecond·t`; every window starts and ends with a use.
 */
function worstExcess(usesAtMs: readonly number[], { burst, perSecond }: { burst: number; perSecond: number }): number {
  const sorted = [...usesAtMs].sort((a, b) => a - b);
  return sorted.reduce((worst, fromMs, first) => {
    const excesses = sorted.slice(first).map((toMs, more) => more + 1 - burst - (perSecond * (toMs - fromMs)) / 1_000);
    return Math.max(worst, ...excesses);
  }, -Infinity);
}

/** Rounding of times to whole milliseconds, in tokens. */
const rounding = 1e-6;

describe('RetryBudgetState', () => {
  it.each([0.05, 0.1, 0.2, 0.25, 0.3, 0.5, 0.6, 0.75, 0.9, 1])(
    'grants at ratio %d exactly that share of 10,000 accepted submissions, above the burst',
    (ratio) => {
      const budget = new RetryBudgetState({ ...unbounded, ratio }, 0);
      let [nowMs, granted] = [0, 0];
      const drain = (): void => {
        while (budget.tryWithdraw(0, nowMs).granted) granted += 1;
      };
      drain();
      expect(granted).toBe(10);
      for (let accepted = 1; accepted <= 10_000; accepted += 1) {
        budget.deposit(nowMs);
        drain();
        // Only what the ceiling requires: without a floor, time alone funds nothing.
        nowMs += ratio * 100;
      }
      nowMs += 10_000;
      drain();
      expect(granted).toBe(10 + Math.floor(ratio * 10_000));
    },
  );

  it('limits a burst of deposits to the ceiling, and loses none that fit', () => {
    const budget = new RetryBudgetState({ ...unbounded, ratio: 1 }, 0);
    for (let count = 0; count < 10; count += 1) budget.tryWithdraw(0, 0);
    for (let count = 0; count < 10; count += 1) budget.deposit(0);
    const waits = Array.from({ length: 11 }, () => budget.tryWithdraw(60_000, 0));
    expect(waits.map(({ waitMs }) => waitMs)).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000, Infinity]);
    expect(waits.at(-1)?.granted).toBe(false);
  });

  it('refills the fixed bucket by time alone', () => {
    const budget = new RetryBudgetState({ ...unbounded, ratio: null }, 0);
    for (let count = 0; count < 10; count += 1) expect(budget.tryWithdraw(0, 0).granted).toBe(true);
    for (let count = 0; count < 1_000; count += 1) budget.deposit(0);
    expect(budget.tryWithdraw(0, 0)).toEqual({ granted: false, waitMs: 100 });
    expect(budget.tryWithdraw(0, 99).granted).toBe(false);
    expect(budget.tryWithdraw(0, 100)).toEqual({ granted: true, waitMs: 0 });
  });

  it('never lets time fund more than the ceiling, even with a higher floor', () => {
    const budget = new RetryBudgetState({ ratio: 0, minRetriesPerSecond: 50, maxRetriesPerSecond: 10, burst: 1 }, 0);
    budget.tryWithdraw(0, 0);
    expect(budget.tryWithdraw(0, 50)).toEqual({ granted: false, waitMs: 50 });
  });

  it('grants no reservation that time alone never funds, however long the caller would wait', () => {
    const budget = new RetryBudgetState({ ...unbounded, ratio: 0.1, burst: 1 }, 0);
    budget.tryWithdraw(0, 0);
    expect(budget.tryWithdraw(Infinity, 0)).toEqual({ granted: false, waitMs: Infinity });
    expect(budget.balance(0)).toBe(0);
  });

  it('does not change the balance by a refusal', () => {
    const budget = new RetryBudgetState({ ...unbounded, ratio: null, burst: 1 }, 0);
    budget.tryWithdraw(0, 0);
    const before = budget.balance(10);
    for (let count = 0; count < 100; count += 1) budget.tryWithdraw(50, 10);
    expect(budget.balance(10)).toBe(before);
  });

  it('never uses more than burst + rate·t in any window, counting reservations at their use', () => {
    fc.assert(
      fc.property(anOptions, operations(shuffled), (options, script) => {
        const { uses } = play(options, script);
        const bound = { burst: options.burst, perSecond: options.maxRetriesPerSecond };
        const usedAtMs = uses.map(({ atMs }) => atMs);
        expect(worstExcess(usedAtMs, bound)).toBeLessThanOrEqual(rounding);
      }),
      { numRuns: 1_000 },
    );
  });

  it('keeps the limit if deposits arrive while reservations are outstanding', () => {
    const options = { ratio: 1, minRetriesPerSecond: 1, maxRetriesPerSecond: 10, burst: 1 };
    const script = Array.from({ length: 12 }, () => [
      { afterMs: 0, maxWaitMs: 5_000 },
      { afterMs: 0, maxWaitMs: 5_000 },
      { afterMs: 50, maxWaitMs: 'deposit' as const },
    ]).flat();
    const usedAtMs = play(options, script).uses.map(({ atMs }) => atMs);
    expect(worstExcess(usedAtMs, { burst: 1, perSecond: 10 })).toBeLessThanOrEqual(rounding);
  });

  it('never uses more than burst + floor·t + ratio·accepted from the start', () => {
    fc.assert(
      fc.property(anOptions, operations(forwards), (options, script) => {
        if (options.ratio === null) return;
        const { uses } = play(options, script);
        let nowMs = 0;
        const depositedMs = script.flatMap(({ afterMs, maxWaitMs }) => {
          nowMs += afterMs;
          return maxWaitMs === 'deposit' ? [nowMs] : [];
        });
        for (const { atMs } of uses) {
          const used = uses.filter((use) => use.atMs <= atMs).length;
          const deposited = options.ratio * depositedMs.filter((ms) => ms <= atMs).length;
          const bound = options.burst + (options.minRetriesPerSecond * atMs) / 1_000 + deposited;
          expect(used).toBeLessThanOrEqual(bound + rounding);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is never below 0 without a reservation, and never above the burst', () => {
    fc.assert(
      fc.property(anOptions, operations(shuffled), (options, script) => {
        const budget = new RetryBudgetState(options, 0);
        let nowMs = 0;
        for (const { afterMs, maxWaitMs } of script) {
          nowMs = Math.max(0, nowMs + afterMs);
          if (maxWaitMs === 'deposit') budget.deposit(nowMs);
          else budget.tryWithdraw(0, nowMs);
          expect(budget.balance(nowMs)).toBeGreaterThanOrEqual(0);
          expect(budget.balance(nowMs)).toBeLessThanOrEqual(options.burst);
        }
      }),
    );
  });

  it('never lets a token be used before one that was taken earlier', () => {
    fc.assert(
      fc.property(anOptions, operations(shuffled), (options, script) => {
        const usedAtMs = play(options, script).uses.map(({ atMs }) => atMs);
        expect(usedAtMs).toEqual([...usedAtMs].sort((a, b) => a - b));
      }),
    );
  });

  it('makes the same decisions when the same calls are replayed', () => {
    fc.assert(
      fc.property(anOptions, operations(shuffled), (options, script) => {
        expect(play(options, script)).toEqual(play(options, script));
      }),
    );
  });

  it('grants no more with a clock that goes backwards than with one that stands still', () => {
    fc.assert(
      fc.property(anOptions, operations(fc.integer({ min: -500, max: 3_000 })), (options, script) => {
        let [nowMs, latestMs] = [0, 0];
        const standing = script.map((operation) => {
          nowMs = Math.max(0, nowMs + operation.afterMs);
          const afterMs = Math.max(0, nowMs - latestMs);
          latestMs = Math.max(latestMs, nowMs);
          return { ...operation, afterMs };
        });
        const grants = (decisions: readonly Decision[]): boolean[] => decisions.map(({ granted }) => granted);
        expect(grants(play(options, script).decisions)).toEqual(grants(play(options, standing).decisions));
      }),
    );
  });
});
