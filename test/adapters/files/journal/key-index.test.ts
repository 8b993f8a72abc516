import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { KeyIndex } from '../../../../src/adapters/files/journal/key-index.ts';

const hash = (n: number): string => createHash('sha256').update(String(n)).digest('hex').slice(0, 32);

describe('an index of keys', () => {
  it.each([
    ['hashes', hash],
    ['keys that count', (n: number) => n.toString(16).padStart(32, '0')],
    ['keys that differ at their beginning', (n: number) => n.toString(16).padStart(8, '0').padEnd(32, 'f')],
  ])('numbers them in the order of their first use: %s', (_what, keyOf) => {
    const index = new KeyIndex();
    for (let n = 0; n < 20_000; n++) expect(index.add(keyOf(n))).toBe(n);
    for (let n = 0; n < 20_000; n += 7) expect([index.find(keyOf(n)), index.add(keyOf(n))]).toEqual([n, n]);
    expect(index.size).toBe(20_000);
    expect(index.find(keyOf(20_000))).toBeUndefined();
  });

  it.each(['', 'x'.repeat(32), 'A'.repeat(32), 'a'.repeat(33)])('rejects other texts: %j', (text) => {
    expect(() => new KeyIndex().add(text)).toThrow(RangeError);
  });
});
