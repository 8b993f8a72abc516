import { describe, expect, it } from 'vitest';
import { formatMoment, formatMs } from '../../src/cli/format.ts';

describe('formatMs', () => {
  it.each([
    [0, '0ms'],
    [0.4, '0ms'],
    [850, '850ms'],
    [999.4, '999ms'],
    [999.6, '1s'],
    [1_000, '1s'],
    [12_300, '12.3s'],
    [12_040, '12s'],
    [59_949, '59.9s'],
    [59_950, '1m 00s'],
    [60_000, '1m 00s'],
    [245_000, '4m 05s'],
    [3_599_400, '59m 59s'],
    [3_599_600, '1h 00m'],
    [7_380_000, '2h 03m'],
    [36_000_000, '10h 00m'],
    [360_000_000, '4 days'],
  ])('writes %d as %s', (ms, text) => {
    expect(formatMs(ms)).toBe(text);
  });
});

describe('formatMoment', () => {
  it('is ISO 8601 in UTC', () => {
    expect(formatMoment(Date.UTC(2026, 0, 2, 3, 4, 5, 6))).toBe('2026-01-02T03:04:05.006Z');
    expect(formatMoment(0)).toBe('1970-01-01T00:00:00.000Z');
  });

  it('of null is null', () => {
    expect(formatMoment(null)).toBeNull();
  });
});
