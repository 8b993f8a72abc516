import { closeSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isNullDevice } from '../../../src/adapters/system/standard-streams.ts';

describe('isNullDevice', () => {
  it.each([
    ['the null device', '/dev/null', true],
    ['another device', '/dev/zero', false],
    ['a file', join(tmpdir(), `captcha-null-device-${process.pid}`), false],
  ])('distinguishes %s', (_what, path, is) => {
    const descriptor = openSync(path, 'a');
    try {
      expect(isNullDevice(descriptor)).toBe(is);
    } finally {
      closeSync(descriptor);
      if (path.startsWith(tmpdir())) rmSync(path);
    }
  });

  it('treats a closed descriptor like the null device', () => {
    expect(isNullDevice(9_999)).toBe(true);
  });
});
