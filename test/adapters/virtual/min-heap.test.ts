import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MinHeap } from '../../../src/adapters/virtual/virtual-clock.ts';

describe('MinHeap', () => {
  it('pops the same as a sorted list, for any order of pushes and pops', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 20 }), { nil: 'pop' as const })), (operations) => {
        const heap = new MinHeap<number>((a, b) => a < b);
        const model: number[] = [];
        for (const operation of operations) {
          if (operation === 'pop') expect(heap.pop()).toBe(model.shift());
          else {
            heap.push(operation);
            model.push(operation);
            model.sort((a, b) => a - b);
          }
          expect(heap.peek()).toBe(model[0]);
        }
      }),
    );
  });
});
