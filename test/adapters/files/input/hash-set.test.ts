import { describe, expect, it } from 'vitest';
import { HashSet } from '../../../../src/adapters/files/input/hash-set.ts';

describe('a hash set', () => {
  it('contains every added text, and no other, while it grows', () => {
    const set = new HashSet();
    const texts = Array.from({ length: 100_000 }, (_, index) => `text ${index}`);
    expect(texts.filter((text) => !set.addIfNew(text))).toEqual([]);
    expect(texts.filter((text) => set.addIfNew(text))).toEqual([]);
    expect(set.addIfNew('text 100000')).toBe(true);
  });

  it('distinguishes digests that differ in one of their first 64 bits', () => {
    const set = new HashSet();
    const digests = [
      '0000000000000000',
      '0000000000000002',
      '8000000000000000',
      'ffffffffffffffff',
      'fffffffffffffffe',
    ];
    const padded = digests.map((digest) => digest.padEnd(64, '0'));
    expect(padded.map((digest) => set.addDigestIfNew(digest))).toEqual(padded.map(() => true));
    expect(padded.map((digest) => set.addDigestIfNew(digest))).toEqual(padded.map(() => false));
  });
});
