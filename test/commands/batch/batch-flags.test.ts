import { describe, expect, it } from 'vitest';
import { getBounds, parseColumnNames, wholeNumber } from '../../../src/commands/batch/flags.ts';
import { rowFormat } from '../../../src/cli/flags.ts';
import { exitCodeOfBatch } from '../../../src/commands/batch/summary.ts';
import type { StopReason } from '../../../src/core/batch/stop-rules.ts';
import { aConfig } from '../../cli/support/a-config.ts';
import { refusalOf } from '../../cli/support/refusal.ts';

describe('the format of an output', () => {
  it.each([
    [{}, false, null],
    [{ out: '-' }, false, null],
    [{ out: 'b' }, false, null],
    [{ out: '/dev/fd/3.x' }, false, null],
    [{ out: '../dir.d/b' }, false, null],
    [{ out: 'b.csv' }, false, 'csv'],
    [{ out: 'b.TSV' }, false, 'csv'],
    [{ out: 'b.NDJSON' }, false, 'jsonl'],
    [{ out: 'b.csv' }, true, 'jsonl'],
    [{ format: 'csv' }, true, 'csv'],
    [{ out: 'b.xlsx', format: 'jsonl' }, false, 'jsonl'],
  ] as const)('of %j, --json %s, is %s', (flags, json, format) => {
    expect(rowFormat(flags, json)).toBe(format);
  });

  it.each([
    [{ format: 'xml' }, 'csv or jsonl'],
    [{ out: 'x.xlsx' }, '.xlsx'],
    [{ out: 'x.csv.gz' }, '.gz'],
  ])('cannot be that of %j', async (flags, message) => {
    expect(await refusalOf(() => rowFormat(flags, false))).toContain(message);
  });
});

describe('the flags of batch', () => {
  it.each(['0', '-1', '1.5', 'x', '', '1e3'])('refuse %j as a number', async (text) => {
    expect(await refusalOf(() => wholeNumber('--limit', text))).toContain('--limit');
  });

  it('map columns, split at the last equals sign', () => {
    expect(parseColumnNames(['Page URL=pageurl', 'a=b=c'])).toEqual({ 'Page URL': 'pageurl', 'a=b': 'c' });
  });

  it.each(['x', '=x', 'x='])('refuse --map %s', async (pair) => {
    expect(await refusalOf(() => parseColumnNames([pair]))).toContain('column=name');
  });
});

describe('the bounds of a run', () => {
  const inputSummary = { rows: 103, bad: 3, byMethod: {}, byRegion: {} };
  const bounds = (maxFailures: unknown, known: typeof inputSummary | null = inputSummary) =>
    getBounds({ file: 'a' }, aConfig({ batch: { maxFailures } }), known).maxFailures;

  it.each([
    [null, null],
    [7, 7],
    ['5%', 5],
    ['0.1%', 1],
  ])('allow %j failures of a hundred tasks as %j', (written, count) => {
    expect(bounds(written)).toBe(count);
  });

  it('cannot be a share of an unknown number', async () => {
    expect(await refusalOf(() => bounds('5%', null))).toContain('--max-failures');
  });

  it('are read from the flags', () => {
    const flags = { file: 'a', maxDuration: '2m', maxSubmissions: '5', limit: '6' };
    expect(getBounds(flags, aConfig(), null)).toEqual({
      ...{ maxFailures: null, maxSubmissions: 5, maxDurationMs: 120_000, limit: 6 },
    });
  });

  it('refuse a bare number as a duration', async () => {
    expect(await refusalOf(() => getBounds({ file: 'a', maxDuration: '60' }, aConfig(), null))).toContain('60');
  });
});

describe('the exit code of a batch', () => {
  it.each<[StopReason | null, Record<string, number>, number, number]>([
    [null, {}, 0, 0],
    [null, {}, 1, 1],
    [null, { unsolvable: 1 }, 0, 1],
    [null, { 'attempts-exhausted': 2, 'breaker-open': 1, 'deadline-exceeded': 1, 'budget-exhausted': 1 }, 0, 4],
    [null, { 'attempts-exhausted': 2, unsolvable: 1 }, 0, 1],
    [null, { 'attempts-exhausted': 2 }, 1, 1],
    [null, { 'in-doubt': 1 }, 0, 1],
    ['account', {}, 0, 3],
    ['config', {}, 0, 2],
    ['max-failures', { 'attempts-exhausted': 2 }, 0, 1],
    ['max-submissions', {}, 0, 4],
    ['max-duration', {}, 0, 4],
    ['limit', {}, 0, 0],
    ['limit', { unsolvable: 1 }, 0, 1],
    ['interrupted', {}, 0, 130],
  ])('stopped by %s, failed %j, %i bad rows: %i', (reason, byReason, bad, exitCode) => {
    const failed = Object.values(byReason).reduce((sum, count) => sum + count, 0);
    expect(exitCodeOfBatch({ rows: { solved: 5, failed, byReason }, bad, reason })).toBe(exitCode);
  });
});
