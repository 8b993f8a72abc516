import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchStats } from '../../../src/core/batch/batch-report.ts';
import { Quantiles } from '../../../src/core/solve/quantiles.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import { aGaveUp, aSolved } from '../../cli/support/outcomes.ts';
import { someItems } from '../../support/batch-harness.ts';
import { aTask } from '../../support/builders.ts';

function aResult(outcome: Outcome, region: string | null = null, special = {}) {
  const [item] = someItems(1);
  const plain = { attemptCount: 2, possiblyCharged: false, expired: false };
  return { item: { ...item!, task: aTask({ region }) }, outcome, ...plain, ...special };
}

describe('quantiles', () => {
  it('are accurate to 5 %', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(lengths, fc.constantFrom(0.5, 0.95, 1), (list, q) => {
        const quantiles = new Quantiles();
        for (const ms of list) quantiles.record(ms);
        const exact = list.toSorted((a, b) => a - b)[Math.ceil(q * list.length) - 1]!;
        expect(quantiles.at(q)! / exact).toBeGreaterThan(1 / 1.03);
        expect(quantiles.at(q)! / exact).toBeLessThan(1.03);
      }),
    );
  });

  it('are null without data', () => {
    expect(new Quantiles().at(0.5)).toBeNull();
  });
});

describe('the statistics of a batch', () => {
  it('is empty at first', () => {
    const report = new BatchStats().report();
    expect(report).toMatchObject({
      solved: 0,
      failed: 0,
      byReason: {},
      byRegion: [],
      solveMs: { p50: null, p95: null },
    });
  });

  it('counts results by region and by reason', () => {
    const stats = new BatchStats();
    stats.recordResult(aResult(aSolved({ durationMs: 10_000, region: 'eu' }), 'home', { expired: true }));
    stats.recordResult(aResult(aGaveUp({ reason: 'unsolvable', region: 'eu' }), 'home', { possiblyCharged: true }));
    stats.recordResult(aResult(aGaveUp({ reason: 'breaker-open' })));
    const report = stats.report();
    expect(report).toMatchObject({ solved: 1, failed: 2, possiblyCharged: 1, expired: 1 });
    expect(report.byReason).toEqual({ unsolvable: 1, 'breaker-open': 1 });
    expect(report.byRegion).toMatchObject([
      { region: 'eu', solved: 1, failed: 1, attempts: 4 },
      { region: null, solved: 0, failed: 1, attempts: 2 },
    ]);
    expect(report.solveMs.p50).toBeCloseTo(10_000, -3);
    expect(report.byRegion[0]!.solveMs.p50).toBe(report.solveMs.p50);
    expect(report.byRegion[0]!.apiLatencyMs.p50).toBeCloseTo(80, -1);
    expect(report.byRegion[1]!.apiLatencyMs).toEqual({ p50: null, p95: null });
  });

  it('counts the refusals of the budget', () => {
    const stats = new BatchStats();
    const about = { taskId: 't1', attempt: 1 };
    stats.recordEvent({ type: 'retrying', ...about, maxAttempts: 3, waitMs: 0, budgetBalance: 1 });
    stats.recordEvent({ type: 'budget-refused', ...about, retryInMs: null });
    stats.recordEvent({ type: 'not-ready', ...about, captchaId: '1' });
    expect(stats.report()).toMatchObject({ retriesGranted: 1, retriesRefused: 1 });
  });
});
