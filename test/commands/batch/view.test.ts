import { describe, expect, it } from 'vitest';
import type { BatchSummary } from '../../../src/commands/batch/summary.ts';
import {
  renderContinuing,
  renderInputSummary,
  renderLeft,
  renderQueued,
  renderSummary,
} from '../../../src/commands/batch/view.ts';
import { BatchStats } from '../../../src/core/batch/batch-report.ts';

const resume = 'captcha batch tasks.csv';

function aSummary(special: Partial<BatchSummary> = {}, report: object = {}): BatchSummary {
  const rows = { solved: 4, failed: 0, byReason: {} };
  const usual = { ...new BatchStats().report(), solved: 4, retriesGranted: 1, ...report };
  const counts = { submissionCount: 5, requestCount: 10, usedUp: {}, left: null, elapsedMs: 2_000, output: 'out.csv' };
  return { report: usual, rows, bad: 0, empty: 0, orphanRows: 0, reason: null, message: null, ...counts, ...special };
}

describe('the summary of a batch', () => {
  it('is three lines if all went well', () => {
    expect(renderSummary(aSummary(), resume)).toBe(
      '4 solved, 0 failed\n5 submissions, 1 retry granted, 0 refused, 2.50 requests per solved task\n2s, 2.0 tasks/s; output: out.csv',
    );
  });

  it('shows everything else that happened', () => {
    const regions = [
      {
        ...{ region: 'eu', solved: 4, failed: 1, attempts: 6 },
        ...{ solveMs: { p50: 9_000, p95: 11_000 }, apiLatencyMs: { p50: 80, p95: 95 } },
        deliveryDelayMs: { p50: null, p95: null },
      },
    ];
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
    const text = renderSummary(aSummary(special, report), resume);
    for (const part of [
      '2 invalid rows',
      '1 possibly charged',
      '3 expired before they were written',
      'p50 15s, p95 1m 02s',
      'region  solved  failed  attempts  solve time  API latency  delay\neu      4       1       6         9s/11s      80ms/95ms    -',
      'failed: unsolvable 1',
      'with earlier runs: 9 solved, 1 failed (unsolvable 1)',
      'stopped: account error that needs manual action (no balance)',
      'continue with the same command: captcha batch tasks.csv',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('names the used-up inputs, and shows no command if nothing else is left', () => {
    const rows = { solved: 4, failed: 2, byReason: { unsolvable: 2 } };
    const line = `${resume} --retry-failed`;
    expect(
      renderSummary(aSummary({ rows, usedUp: { challenge: 2 } }), line)
        .split('\n')
        .at(-1),
    ).toBe(
      'not submitted again: 2 tasks with challenge: each value can be submitted only once; put a fresh one into the row',
    );
    expect(renderSummary(aSummary({ rows, usedUp: { challenge: 1 } }), line)).toContain('retry failed tasks');
  });

  it.each([resume, `${resume} --retry-failed`])(
    'tells how to solve failed rows again, if nothing else is left: %s',
    (line) => {
      const text = renderSummary(aSummary({ rows: { solved: 4, failed: 1, byReason: { unsolvable: 1 } } }), line);
      expect(text.split('\n').at(-1)).toBe('retry failed tasks: captcha batch tasks.csv --retry-failed');
    },
  );

  it.each([
    [{ rejected: 1 }, false],
    [{ rejected: 1, 'policy-denied': 2 }, false],
    [{ rejected: 1, 'in-doubt': 1 }, true],
  ])('advises --retry-failed only if a failure may end differently: %j', (byReason, isAdvised) => {
    const text = renderSummary(aSummary({ rows: { solved: 4, failed: 3, byReason } }), resume);
    expect(text.includes('--retry-failed')).toBe(isAdvised);
  });

  it.each([
    [1, '1 row of the output belongs to no task'],
    [2, '2 rows of the output belong to no task'],
  ])('counts the rows of tasks that the input no longer has: %i', (orphanRows, sentence) => {
    expect(renderSummary(aSummary({ orphanRows }), resume)).toContain(`\n${sentence}`);
  });

  it('uses the singular for one', () => {
    const special = { bad: 1, submissionCount: 1, requestCount: 4 };
    expect(renderSummary(aSummary(special, { retriesGranted: 2 }), resume)).toBe(
      '4 solved, 0 failed, 1 invalid row\n1 submission, 2 retries granted, 0 refused, 1.00 requests per solved task\n2s, 2.0 tasks/s; output: out.csv',
    );
  });

  it('does not advise the same command again for a wrong base URL', () => {
    const text = renderSummary(aSummary({ reason: 'config', message: 'check api.baseUrl' }), resume);
    expect(text).toContain('stopped: configuration error (check api.baseUrl)');
    expect(text).toContain('correct api.baseUrl and add --fresh, or continue where it is right: captcha batch');
  });

  it('says what went wrong last, most frequent first', () => {
    const causes = { 'attempts-exhausted': { ERROR_BUSY: 1, '127.0.0.1 answered HTTP 500': 300 } };
    const report = { failed: 301, byReason: { 'attempts-exhausted': 301 }, causes };
    expect(renderSummary(aSummary({}, report), resume)).toContain(
      'failed: attempts-exhausted 301 (127.0.0.1 answered HTTP 500: 300; ERROR_BUSY: 1)',
    );
  });

  it('says how many tasks an interrupted run has left', () => {
    const text = renderSummary(aSummary({ reason: 'interrupted', left: 3 }), resume);
    expect(text).toContain('stopped: interrupted; 3 tasks left\n');
  });

  it('gives the rate of a slow run per hour, and no path of standard output', () => {
    const text = renderSummary(aSummary({ elapsedMs: 3_600_000, output: null }), resume);
    expect(text.split('\n')).toContain('1h 00m, 4 tasks/h');
  });

  it('says so where there was nothing to do', () => {
    const summary = aSummary({ submissionCount: 0 }, { solved: 0, retriesGranted: 0 });
    expect(renderSummary(summary, resume)).toMatch(/^nothing to do: 4 tasks already finished\n/);
  });

  it('does not offer to continue if nothing was kept', () => {
    expect(renderSummary(aSummary({ reason: 'interrupted' }), null)).not.toContain('same command');
  });
});

describe('the message of a run that an error ended', () => {
  it.each([
    ['ENOSPC', 7, '7 tasks left; finished tasks are kept\nfree space, then continue with the same command'],
    ['EIO', 1, '1 task left; finished tasks are kept\ncontinue with the same command'],
    ['EIO', null, 'finished tasks are kept\ncontinue with the same command'],
  ])('after %s, %s left', (code, left, words) => {
    const text = renderLeft(Object.assign(new Error('no'), { code }), left, resume);
    expect(text).toContain(words);
    expect(text).toMatch(/with the same command: captcha batch tasks\.csv$/);
  });
});

describe('the summary of an input', () => {
  it('counts per method and region, most first', () => {
    const inputSummary = { rows: 4, bad: 1, byMethod: { a: 1, b: 2 }, byRegion: { '': 3 } };
    const columns = { sent: { method: 'method', 'Site Key': 'sitekey' }, read: {}, carried: ['Kunde'], replaced: [] };
    expect(renderInputSummary(inputSummary, { empty: 2, columns })).toBe(
      'rows     4\ntasks    3\ninvalid  1\nempty    2, skipped\nmethods  b 2, a 1\nregions  (none) 3\n' +
        'columns sent: method, "Site Key" as sitekey; copied, never sent: Kunde\n',
    );
  });
});

it('the tasks that stay in queues are counted by region', () => {
  const counts = new Map(Object.entries({ us: 12, eu: 3 }));
  expect(renderQueued(counts)).toBe('still queued: 12 for us, 3 for eu');
});

describe('the line of a run that continues an earlier one', () => {
  it('says what is done and what is open', () => {
    expect(renderContinuing(90, 295, { submitted: 9, inDoubt: 1 })).toBe(
      'continuing: 90 of 295 done, 9 to collect, 1 with an unknown submission',
    );
    expect(renderContinuing(2, null, { submitted: 0, inDoubt: 0 })).toBe('continuing: 2 done');
  });
});
