import { describe, expect, it } from 'vitest';
import type { BatchSummary } from '../../../src/cli/batch/batch-exit-code.ts';
import { renderSummary, renderSurvey } from '../../../src/cli/output/batch-view.ts';
import { BatchTally } from '../../../src/core/batch/batch-report.ts';

function aSummary(special: Partial<BatchSummary> = {}, report: object = {}): BatchSummary {
  const rows = { solved: 4, failed: 0, byReason: {} };
  const usual = { ...new BatchTally().report(), solved: 4, submissions: 5, retriesGranted: 1, ...report };
  return { report: usual, rows, bad: 0, reason: null, message: null, requestCount: 10, ...special };
}

describe('the summary of a batch', () => {
  it('is two lines where all went well', () => {
    expect(renderSummary(aSummary(), true)).toBe(
      '4 solved, 0 failed\n5 submissions, 1 retries granted, 0 refused, 2.50 requests per solved task',
    );
  });

  it('says everything else where there is something to say', () => {
    const regions = [{ region: 'eu', solved: 4, failed: 1, attempts: 6 }];
    const special = {
      bad: 2,
      reason: 'account',
      message: 'no balance',
      rows: { solved: 9, failed: 1, byReason: { unsolvable: 1 } },
    } as const;
    const report = {
      ...{ failed: 1, byReason: { unsolvable: 1 }, byRegion: regions, possiblyCharged: 1, expired: 3 },
      solveMs: { p50: 15_000, p95: 62_000 },
    };
    const text = renderSummary(aSummary(special, report), true);
    for (const part of [
      '2 bad rows',
      '1 possibly charged',
      '3 expired before they were written',
      'p50 15s, p95 1m 02s',
      'eu 4 solved, 1 failed, 6 attempts',
      'failed: unsolvable 1',
      'with earlier runs: 9 solved, 1 failed (unsolvable 1)',
      'stopped: the account needs a person (no balance)',
      'run the same command again to continue',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('does not promise to continue where nothing was kept', () => {
    expect(renderSummary(aSummary({ reason: 'interrupted' }), false)).not.toContain('again');
  });
});

describe('the survey of an input', () => {
  it('counts per method and region, most first', () => {
    const survey = { rows: 4, bad: 1, byMethod: { a: 1, b: 2 }, byRegion: { '': 3 } };
    expect(renderSurvey(survey)).toBe('rows     4\ntasks    3\nbad rows 1\nmethods  b 2, a 1\nregions  (none) 3\n');
  });
});
