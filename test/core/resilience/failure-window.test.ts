import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FailureWindow } from '../../../src/core/resilience/failure-window.ts';

const samplingDurationMs = 1_000;
const sliceMs = 100;

function filled(samples: readonly { failed: boolean; atMs: number }[]): FailureWindow {
  const window = new FailureWindow(samplingDurationMs);
  for (const { failed, atMs } of samples) window.record(failed, atMs);
  return window;
}

describe('FailureWindow', () => {
  it('is empty at the start, also at time 0', () => {
    expect(new FailureWindow(samplingDurationMs).counts(0)).toEqual({ failures: 0, total: 0 });
  });

  it('counts outcomes, and failures among them', () => {
    const window = filled([
      { failed: true, atMs: 0 },
      { failed: false, atMs: 50 },
      { failed: true, atMs: 999 },
    ]);
    expect(window.counts(999)).toEqual({ failures: 2, total: 3 });
  });

  it.each([
    { nowMs: 999, total: 1 },
    { nowMs: 1_000, total: 0 },
    { nowMs: 1_000_000, total: 0 },
  ])('holds $total of an outcome at 0 ms when asked at $nowMs ms', ({ nowMs, total }) => {
    expect(filled([{ failed: true, atMs: 0 }]).counts(nowMs).total).toBe(total);
  });

  it.each([0, 500, 950, 5_000])('is empty after it was cleared at %d ms', (atMs) => {
    const window = filled([{ failed: true, atMs }]);
    window.clear();
    expect(window.counts(atMs)).toEqual({ failures: 0, total: 0 });
    window.record(false, atMs);
    expect(window.counts(atMs)).toEqual({ failures: 0, total: 1 });
  });

  it('counts the same as a list of the outcomes of its slices', () => {
    const gap = fc.oneof(fc.integer({ min: 0, max: 150 }), fc.integer({ min: 0, max: 3_000 }));
    fc.assert(
      fc.property(fc.array(fc.record({ failed: fc.boolean(), afterMs: gap })), (script) => {
        const window = new FailureWindow(samplingDurationMs);
        const samples: { failed: boolean; slice: number }[] = [];
        let nowMs = 0;
        for (const { failed, afterMs } of script) {
          nowMs += afterMs;
          window.record(failed, nowMs);
          const now = Math.floor(nowMs / sliceMs);
          samples.push({ failed, slice: now });
          const live = samples.filter(({ slice }) => slice > now - 10);
          const failures = live.filter((sample) => sample.failed).length;
          expect(window.counts(nowMs)).toEqual({ failures, total: live.length });
        }
      }),
    );
  });

  it('knows the time of its oldest outcome, and forgets it with that', () => {
    const window = filled([
      { failed: false, atMs: 420 },
      { failed: true, atMs: 600 },
    ]);
    expect(window.spanMs(700)).toBe(280);
    expect(window.spanMs(1_450)).toBe(850);
    expect(new FailureWindow(samplingDurationMs).spanMs(700)).toBe(0);
  });
});
