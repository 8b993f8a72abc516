import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Awaitable } from '../../../../src/ports/system.ts';
import { isExhaustive } from '../../../support/exhaustive.ts';
import { aFolder, finishedTask, keyOf, open, rowsOf } from './support/a-journal.ts';

const [first, second] = [keyOf(1), keyOf(2)];
/** Bytes between the places that are tried: prime, so that they lie at different places of the lines. */
const step = isExhaustive ? 1 : 7;

it('loses nothing durable when it is truncated anywhere', async () => {
  const folder = aFolder();
  const path = join(folder, 'j');
  const journal = await open(path);
  const lengths: number[] = [];
  const found: unknown[] = [];
  const note = async (step: Awaitable<void> | null): Promise<void> => {
    await step;
    lengths.push(readFileSync(path).length);
    found.push([journal.counts(), journal.progressOf(first), journal.progressOf(second), await rowsOf(journal)]);
  };
  await note(null);
  await note(journal.intend(first, 1));
  await note(journal.submitted(first, '77', 5));
  await note(journal.intend(second, 1));
  await note(journal.finished(finishedTask(first)));
  await note(journal.finished(finishedTask(second, { status: 'failed', expiresAt: 9 })));
  await note(journal.intend(second, 1));
  await note(journal.finished(finishedTask(second)));
  await journal.close();

  const whole = readFileSync(path);
  for (let length = lengths[0]!; length <= whole.length; length += step) {
    const cut = join(folder, 'cut');
    writeFileSync(cut, whole.subarray(0, length));
    const resumed = await open(cut);
    const steps = lengths.findLastIndex((end) => end <= length);
    expect([resumed.counts(), resumed.progressOf(first), resumed.progressOf(second), await rowsOf(resumed)]).toEqual(
      found[steps],
    );
    expect(readFileSync(cut).length).toBe(lengths[steps]);
    await resumed.close();
  }
});

it('detects damage in any byte of any line but the last', async () => {
  const folder = aFolder();
  const path = join(folder, 'j');
  const journal = await open(path);
  await journal.intend(first, 1);
  await journal.finished(finishedTask(first));
  const start = readFileSync(path).indexOf('\n') + 1;
  // Without the newline before the last line: if that is damaged, the two lines are one damaged last line.
  const end = readFileSync(path).length - 1;
  await journal.intend(second, 1);
  await journal.close();
  const whole = readFileSync(path);
  for (let at = start; at < end; at += step) {
    const damaged = Buffer.from(whole);
    damaged[at] = damaged[at]! ^ 1;
    writeFileSync(join(folder, 'damaged'), damaged);
    await expect(open(join(folder, 'damaged'))).rejects.toThrow(/line [23] of the journal .* is damaged/);
  }
});
