import { describe, expect, it } from 'vitest';
import { Batcher, type BatcherOptions } from '../../src/domain/batcher.ts';

interface Doubling {
  readonly batcher: Batcher<number, number>;
  readonly batches: (readonly number[])[];
}

/** Doubles its input, rejects 13, fails with 99, and records every batch. */
function aDoubling(options: Partial<BatcherOptions<number, number>> = {}): Doubling {
  const batches: (readonly number[])[] = [];
  const batcher = new Batcher<number, number>({
    send: async (batch) => {
      batches.push(batch);
      await Promise.resolve();
      if (batch.includes(99)) throw new Error('away');
      return batch.map((entry) => (entry === 13 ? new Error('refused') : 2 * entry));
    },
    schedule: (flush) => void setImmediate(() => void flush()),
    ...options,
  });
  return { batcher, batches };
}

const statesOf = (ends: readonly PromiseSettledResult<number>[]): string[] => ends.map(({ status }) => status);

describe('a batcher', () => {
  it('sends requests of one turn in one batch, and answers each', async () => {
    const { batcher, batches } = aDoubling();
    expect(await Promise.all([1, 2, 3].map((entry) => batcher.add(entry)))).toEqual([2, 4, 6]);
    expect(batches).toEqual([[1, 2, 3]]);
  });

  it('does not wait for later requests', async () => {
    const { batcher, batches } = aDoubling();
    await batcher.add(1);
    await batcher.add(2);
    expect(batches).toEqual([[1], [2]]);
  });

  it('rejects a rejected entry alone, and all entries of a failed batch', async () => {
    const { batcher } = aDoubling({ countFitting: () => 2 });
    const ends = await Promise.allSettled([1, 13, 99, 2, 3].map((entry) => batcher.add(entry)));
    expect(statesOf(ends)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected', 'fulfilled']);
  });

  it('sends a full batch at once, and later entries when they are due', async () => {
    let flush: () => Promise<void> = () => Promise.resolve();
    const { batcher, batches } = aDoubling({ fullCount: 2, schedule: (due) => (flush = due) });
    const answers = [1, 2, 3].map((entry) => batcher.add(entry));
    expect(batches).toEqual([[1, 2]]);
    await flush();
    expect(batches).toEqual([[1, 2], [3]]);
    expect(await Promise.all(answers)).toEqual([2, 4, 6]);
  });

  it('sends one batch at a time if the schedule waits for the last one, and collects entries meanwhile', async () => {
    let last = Promise.resolve();
    const { batcher, batches } = aDoubling({
      schedule: (flush) => void (last = last.then(flush)),
      countFitting: ({ length }) => Math.min(length, 3),
    });
    const first = batcher.add(1);
    await Promise.resolve();
    const rest = [2, 99, 4, 5].map((entry) => batcher.add(entry));
    expect(batches).toEqual([[1]]);
    expect(await first).toBe(2);
    expect(statesOf(await Promise.allSettled(rest))).toEqual(['rejected', 'rejected', 'rejected', 'fulfilled']);
    expect(batches).toEqual([[1], [2, 99, 4], [5]]);
  });
});
