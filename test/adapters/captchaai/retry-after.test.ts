import { describe, expect, it } from 'vitest';
import { retryAfterMs } from '../../../src/adapters/captchaai/read-response.ts';

/** Fri, 20 Nov 2026 12:00:00 GMT. */
const now = Date.UTC(2026, 10, 20, 12);

describe('retryAfterMs', () => {
  it.each<[string | null, number | null]>([
    ['0', 0],
    ['5', 5_000],
    [' 120 ', 120_000],
    ['1.5', 1_500],
    ['86400000', 86_400_000_000],
    ['Fri, 20 Nov 2026 12:00:30 GMT', 30_000],
    ['Fri, 20 Nov 2026 12:00:00 GMT', 0],
    ['Friday, 20-Nov-26 12:01:00 GMT', 60_000],
    ['Fri Nov 20 12:00:10 2026', 10_000],
    ['Sat, 20 Nov 2027 12:00:00 GMT', 365 * 24 * 3_600_000],
  ])('reads %s as %s ms', (header, waitMs) => {
    expect(retryAfterMs(header, now)).toBe(waitMs);
  });

  it.each([
    null,
    '',
    '-5',
    '+5',
    'soon',
    '5s',
    '1e3',
    '0x10',
    'Infinity',
    '9'.repeat(400),
    '2026-11-20',
    'Fri, 99 Nov 2026 12:00:30 GMT',
    'Fri, 20 Nov 2026 11:59:59 GMT',
    '5, 10',
  ])('ignores %s', (header) => {
    expect(retryAfterMs(header, now)).toBeNull();
  });
});
