import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanInput } from '../../../src/core/batch/input-summary.ts';
import { byPriority } from '../../../src/core/batch/priority-order.ts';
import { OrderedRows, abortable } from '../../../src/core/batch/run-batch.ts';
import { someItems, streamOf, type Values } from '../../support/batch-harness.ts';

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('items by priority', () => {
  it('are complete, and sorted stably within the look-ahead', async () => {
    const priorities = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(priorities, fc.integer({ min: 1, max: 50 }), async (list, size) => {
        const items = list.map((priority, index) => ({ priority, index }));
        const sorted = await all(byPriority(streamOf(items), size));
        expect(sorted.toSorted((a, b) => a.index - b.index)).toEqual(items);
        if (size > items.length) expect(sorted).toEqual(items.toSorted((a, b) => a.priority - b.priority));
        if (size === 1) expect(sorted).toEqual(items);
      }),
    );
  });
});

describe('items until a stop', () => {
  it('are complete without a stop', async () => {
    expect(await all(abortable(streamOf([1, 2, 3]), new AbortController().signal))).toEqual([1, 2, 3]);
  });

  it('do not wait for an item that never comes', async () => {
    const stop = new AbortController();
    async function* stalled() {
      yield 1;
      await new Promise(() => undefined);
    }
    const reading = all(abortable(stalled(), stop.signal));
    setImmediate(() => stop.abort());
    expect(await reading).toEqual([1]);
  });

  it('end with an error of their source, but not with one after the stop', async () => {
    const stop = new AbortController();
    let fail: (error: Error) => void = () => undefined;
    async function* failing() {
      await new Promise((_resolve, reject) => (fail = reject));
      yield 1;
    }
    const reading = all(abortable(failing(), new AbortController().signal));
    setImmediate(() => fail(new Error('unreadable')));
    await expect(reading).rejects.toThrow('unreadable');
    const stopped = all(abortable(failing(), stop.signal));
    setImmediate(() => stop.abort());
    expect(await stopped).toEqual([]);
    fail(new Error('too late'));
  });
});

describe('rows in order', () => {
  it('are written by their places, for any order and gaps of arrival', async () => {
    const cells = fc.array(fc.record({ isHole: fc.boolean(), turn: fc.integer() }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(cells, async (list) => {
        const written: Values[] = [];
        const sink = { write: async (values: Values) => void written.push(values) };
        const rows = new OrderedRows(sink, Math.max(1, list.length));
        const places = list.map(({ isHole, turn }, place) => ({ isHole, turn, place }));
        for (const { place } of places) expect(await rows.takePlace()).toBe(place);
        await Promise.all(
          places
            .toSorted((a, b) => a.turn - b.turn)
            .map(({ place, isHole }) => rows.put(place, isHole ? null : { place: String(place) })),
        );
        expect(written.map((row) => Number(row['place']))).toEqual(
          places.filter(({ isHole }) => !isHole).map(({ place }) => place),
        );
      }),
    );
  });

  it('give out a place only if its row would not be too far ahead', async () => {
    const rows = new OrderedRows({ write: async () => undefined }, 2);
    await rows.takePlace();
    await rows.takePlace();
    let isGiven = false;
    const third = rows.takePlace().then(() => (isGiven = true));
    await rows.put(1, null);
    expect(isGiven).toBe(false);
    await rows.put(0, null);
    await third;
    expect(isGiven).toBe(true);
  });

  it('reject every row after a failed one', async () => {
    const error = new Error('disk full');
    const rows = new OrderedRows({ write: () => Promise.reject(error) }, 5);
    await expect(rows.put(0, { a: '1' })).rejects.toBe(error);
    await expect(rows.put(1, { a: '2' })).rejects.toBe(error);
  });
});

describe('the summary of an input', () => {
  it('counts tasks by method and region, and reports every invalid row', async () => {
    const [first, second] = someItems(2);
    const bad = { type: 'bad', row: 3, line: 4, column: null, reason: 'r', fix: 'f' } as const;
    const told: unknown[] = [];
    const regional = { ...second!, task: { ...second!.task, region: 'eu', method: 'geetest' } };
    const survey = await scanInput(streamOf([first!, bad, regional]), async (record) => void told.push(record));
    expect(told).toEqual([bad]);
    const counts = { byMethod: { turnstile: 1, geetest: 1 }, byRegion: { '': 1, eu: 1 } };
    expect(survey).toEqual({ rows: 3, bad: 1, ...counts });
  });
});
