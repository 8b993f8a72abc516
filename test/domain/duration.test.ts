import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/domain/duration.ts';

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['5s', 5_000],
    ['1.5s', 1_500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['0s', 0],
  ])('reads %s as %d ms', (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs);
  });

  it.each(['60', '', 's', '5 s', '-5s', '5S', '1d', '.5s', '5.s', '1h30m', '1e3ms', 'Infinitys'])(
    'says that "%s" is not a duration',
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );
});
