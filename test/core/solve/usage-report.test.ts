import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Quantiles } from '../../../src/core/solve/quantiles.ts';
import { usageReport } from '../../../src/core/solve/usage-report.ts';
import { type LoadUsage, slotMs, type SlotLoad } from '../../../src/domain/usage.ts';
import { runs } from '../../support/exhaustive.ts';
import { anyRecord, someTasks } from '../../support/some-usage.ts';

const load = (slots: readonly Partial<SlotLoad>[], threads: number | null = 50): LoadUsage => ({
  hour: 500_000,
  threads,
  slots: Object.fromEntries(slots.map((slot, index) => [index, { busyMs: 0, fullMs: 0, workMs: slotMs, ...slot }])),
});
const busy = (threads: number): Partial<SlotLoad> => ({ busyMs: threads * slotMs });

describe('the report of usage', () => {
  it('does not depend on the order in which processes stored what they counted', () => {
    const property = fc.property(fc.array(anyRecord(500_000, 3), { maxLength: 20 }), fc.nat(), (records, seed) => {
      const turned = seed % (records.length + 1);
      const others = [...records.slice(turned), ...records.slice(0, turned)];
      expect(usageReport(others)).toEqual(usageReport(records));
    });
    fc.assert(property, { numRuns: runs(100) });
  });

  it('adds hours up by method, region and label, those with the most thread time first', () => {
    const solveTimes = { [Quantiles.bucketOf(10_000)]: 9, [Quantiles.bucketOf(60_000)]: 1 };
    const { rows, total } = usageReport([
      someTasks({ counts: { submissions: 5, solved: 4, failed: 1, threadMs: 10_000 } }),
      someTasks({
        method: 'hcaptcha',
        solveTimes,
        counts: { submissions: 12, bounced: 2, solved: 10, threadMs: 60_000 },
      }),
      someTasks({ hour: 500_001, counts: { submissions: 5, solved: 3, failed: 2, threadMs: 10_000, expired: 1 } }),
    ]);
    expect(rows).toMatchObject([
      { method: 'hcaptcha', submissions: 10, bounced: 2, solveRate: 1, threadSeconds: 60, share: 0.75 },
      { method: 'turnstile', submissions: 10, solved: 7, failed: 3, solveRate: 0.7, threadSeconds: 20, share: 0.25 },
    ]);
    expect(rows[0]?.solveMs.p50).toBeCloseTo(10_000, -3);
    expect(rows[0]?.solveMs.p95).toBeCloseTo(60_000, -4);
    expect(total).toMatchObject({ submissions: 20, solved: 17, failed: 3, expired: 1, threadSeconds: 80 });
  });

  it.each([
    [
      'too small if no thread was free for a fifth of the time',
      [{ ...busy(48), fullMs: slotMs / 5 }],
      'too-small',
      null,
    ],
    ['fitting if all threads were busy at times', [{ ...busy(40), fullMs: slotMs / 10 }], 'fits', null],
    ['fitting if most of it was used once', [busy(1), busy(26)], 'fits', null],
    ['too big if half of it was the most that was used', [busy(1), busy(12)], 'too-big', 18],
    ['fitting if it has one thread', [busy(0.4)], 'fits', null],
  ] as const)('calls a plan %s', (why, slots, fit, enough) => {
    expect(usageReport([load(slots, why.includes('one thread') ? 1 : 50)]).plan).toEqual({ fit, enough });
  });

  it('takes the threads of a burst from the time with tasks in work, not from all of the slot', () => {
    const { threads } = usageReport([load([{ busyMs: 50 * 10_000, workMs: 10_000 }], 100)]);
    expect(threads).toMatchObject({ peakBusy: 50, meanBusy: 50, workSeconds: 10, saturation: 0 });
  });

  it('knows the plan only with the number of threads, which may be told later', () => {
    const records = [load([busy(3)], null)];
    expect(usageReport(records).plan.fit).toBe('unknown');
    expect(usageReport(records, 10)).toMatchObject({ plan: { fit: 'too-big', enough: 5 }, threads: { threads: 10 } });
    expect(usageReport([]).threads).toEqual({
      ...{ threads: null, saturation: null, workSeconds: 0, meanBusy: null, peakBusy: null },
    });
  });
});
