import { describe, expect, it } from 'vitest';
import type { CaptchaAiOptions } from '../../../src/adapters/captchaai/client.ts';
import { retryAfterMs } from '../../../src/adapters/captchaai/read-response.ts';
import { clientOf, faultOf, startAnswering } from './scripted-service.ts';

/** Fri, 20 Nov 2026 12:00:00 GMT. */
const now = Date.UTC(2026, 10, 20, 12);

describe('retryAfterMs', () => {
  it.each<[string | null, number | null]>([
    ['0', 0],
    ['5', 5_000],
    [' 120 ', 120_000],
    ['1.5', 1_500],
    ['31536000', 31_536_000_000],
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
    // Seconds and milliseconds since the epoch, and a year that was meant as never.
    '1795176000',
    '1795176000000',
    '86400000',
    'Fri, 31 Dec 9999 23:59:59 GMT',
  ])('ignores %s', (header) => {
    expect(retryAfterMs(header, now)).toBeNull();
  });
});

describe('the wait that an answer asks for', () => {
  const askedBy = async (retryAfter: string, special: Partial<CaptchaAiOptions> = {}) => {
    const service = await startAnswering({ status: 429, headers: { 'retry-after': retryAfter } });
    return faultOf(clientOf(service, special).balance());
  };

  it.each<[string, number | null]>([
    ['30', 30_000],
    ['3600', 60_000],
    ['1795176000', null],
    ['-1', null],
  ])('of %s s is %s ms without a limit of its own', async (header, retryAfterMs) => {
    expect(await askedBy(header)).toMatchObject({ kind: 'throttled', retryAfterMs });
  });

  it('is cut to the configured limit, which is told the wait', async () => {
    const cut: number[] = [];
    const retryAfter = { maxMs: 5_000, onCut: (askedMs: number) => cut.push(askedMs) };
    expect(await askedBy('5', { retryAfter })).toMatchObject({ retryAfterMs: 5_000 });
    expect(cut).toEqual([]);
    expect(await askedBy('3600', { retryAfter })).toMatchObject({ retryAfterMs: 5_000 });
    expect(cut).toEqual([3_600_000]);
  });
});
