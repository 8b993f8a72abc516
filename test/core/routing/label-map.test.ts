import { describe, expect, it } from 'vitest';
import { LabelMap } from '../../../src/core/routing/host-tree.ts';

function mapOf(...labels: string[]): LabelMap<{ readonly label: string }> {
  const map = new LabelMap<{ readonly label: string }>();
  for (const label of labels) map.add({ label });
  return map;
}

describe('a map by labels', () => {
  it.each<[string, number, string | null]>([
    ['www.example.com', 15, 'com'],
    ['www.example.com', 11, 'example'],
    ['www.example.com', 3, null],
    ['com', 3, 'com'],
    ['telecom', 7, null],
    ['om', 2, null],
    ['', 0, null],
    ['.com', 0, null],
    ['.com', 4, 'com'],
    ['a..com', 2, null],
  ])('in %j before %d finds %j', (host, end, label) => {
    expect(mapOf('com', 'example').before(host, end)?.label ?? null).toBe(label);
  });

  it('distinguishes labels with the same hash', () => {
    // 31 · 'a' + 'b' is 31 · 'b' + 'C': the hash is computed from right to left.
    const map = mapOf('ba', 'Cb');
    expect(['ba', 'Cb', 'x.ba', 'x.Cb'].map((host) => map.before(host, host.length)?.label)).toEqual([
      'ba',
      'Cb',
      'ba',
      'Cb',
    ]);
  });

  it('finds ten thousand labels', () => {
    const labels = Array.from({ length: 10_000 }, (_, index) => `label-${index.toString(36)}`);
    const map = mapOf(...labels);
    const missed = labels.filter((label) => map.before(`x.${label}.com`, label.length + 2)?.label !== label);
    expect(missed).toEqual([]);
    expect(map.before('label-zzzz', 10)).toBe(null);
  });
});
