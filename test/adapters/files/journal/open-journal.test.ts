import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { aFolder, aHeader, finishedTask, keyOf, open, rowsOf } from './support/a-journal.ts';

const [first, second, third] = [keyOf(1), keyOf(2), keyOf(3)];

describe('a new journal', () => {
  it('is readable by its owner only', async () => {
    const path = join(aFolder(), 'j');
    await (await open(path)).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('contains its header as one line of JSON, and leaves no other files when it is closed', async () => {
    const folder = aFolder();
    const journal = await open(join(folder, 'j'));
    expect(journal).toMatchObject({ isResumed: false, keptAs: null, header: aHeader });
    await journal.close();
    expect(JSON.parse(readFileSync(join(folder, 'j'), 'utf8'))).toMatchObject({ t: 'header', ...aHeader });
    expect(readdirSync(folder)).toEqual(['j']);
  });

  it('is created in an existing empty file', async () => {
    const path = join(aFolder(), 'j');
    writeFileSync(path, '');
    const journal = await open(path);
    expect(journal.isResumed).toBe(false);
    await journal.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('has no task', async () => {
    const journal = await open(join(aFolder(), 'j'));
    expect(journal.progressOf(first)).toEqual({ state: 'new' });
    expect(journal.hasKey(first)).toBe(false);
    expect(await journal.rowOf(first)).toBeNull();
    expect(await rowsOf(journal)).toEqual([]);
    expect(journal.counts()).toEqual({ total: 0, solved: 0, failed: 0, submitted: 0, inDoubt: 0 });
    await journal.close();
  });
});

describe('a journal that is resumed', () => {
  it('continues where the last run stopped', async () => {
    const path = join(aFolder(), 'j');
    const before = await open(path);
    await before.intend(first, 1);
    await before.intend(second, 2);
    await before.submitted(second, '70"1', 1234);
    await before.finished(finishedTask(third, { expiresAt: 5678 }));
    await before.close();

    const after = await open(path, { createdAt: 1, input: 'renamed.csv', columns: [] });
    expect(after).toMatchObject({ isResumed: true, header: aHeader });
    expect(after.progressOf(first)).toEqual({ state: 'in-doubt', attempts: 1 });
    expect(after.progressOf(second)).toEqual({ state: 'submitted', attempts: 2, captchaId: '70"1', submittedAt: 1234 });
    expect(after.progressOf(third)).toEqual({ state: 'solved', expiresAt: 5678 });
    expect(after.counts()).toEqual({ total: 3, solved: 1, failed: 0, submitted: 1, inDoubt: 1 });
    expect(await after.rowOf(third)).toEqual(finishedTask(third, { expiresAt: 5678 }));
    await after.close();
  });

  it('yields the latest row of every finished task, in the order in which they were finished', async () => {
    const path = join(aFolder(), 'j');
    const before = await open(path);
    await before.finished(finishedTask(first, { status: 'failed' }));
    await before.finished(finishedTask(second));
    await before.intend(first, 1);
    await before.finished(finishedTask(first, { values: { solution: 'at last' } }));
    const rows = [finishedTask(second), finishedTask(first, { values: { solution: 'at last' } })];
    expect(await rowsOf(before)).toEqual(rows);
    await before.close();

    const after = await open(path);
    expect(await rowsOf(after)).toEqual(rows);
    expect(await after.rowOf(first)).toEqual(rows[1]);
    await after.close();
  });

  it('has no row of a task that started over, until the submission is refused', async () => {
    const journal = await open(join(aFolder(), 'j'));
    await journal.finished(finishedTask(first, { status: 'failed' }));
    await journal.intend(first, 1);
    expect(await rowsOf(journal)).toEqual([]);
    expect(await journal.rowOf(first)).toBeNull();
    await journal.refused(first);
    await journal.intend(second, 1);
    expect(await journal.rowOf(first)).toEqual(finishedTask(first, { status: 'failed' }));
    await journal.close();
  });

  it('reads rows that are longer than one read', async () => {
    const path = join(aFolder(), 'j');
    const long = finishedTask(first, { values: { body: 'A'.repeat(3_000_000), solution: 'é'.repeat(10_000) } });
    const before = await open(path);
    await before.finished(long);
    await before.finished(finishedTask(second));
    await before.close();
    const after = await open(path);
    expect(await after.rowOf(first)).toEqual(long);
    expect((await rowsOf(after)).map(({ key }) => key)).toEqual([first, second]);
    await after.close();
  });

  it('keeps refusals that were not awaited', async () => {
    const path = join(aFolder(), 'j');
    const before = await open(path);
    await before.intend(first, 1);
    await before.refused(first);
    await before.close();
    const after = await open(path);
    expect(after.progressOf(first)).toEqual({ state: 'new' });
    expect(after.hasKey(first)).toBe(true);
    await after.close();
  });

  it('is made private if it was not', async () => {
    const path = join(aFolder(), 'j');
    await (await open(path)).close();
    chmodSync(path, 0o644);
    await (await open(path)).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});

it('can be closed twice, and accepts nothing afterwards', async () => {
  const journal = await open(join(aFolder(), 'j'));
  await journal.close();
  await journal.close();
  await expect(journal.intend(first, 1)).rejects.toThrow('closed');
});

it('rejects invalid keys, as a bug, before they reach the disk', async () => {
  const journal = await open(join(aFolder(), 'j'));
  expect(() => journal.progressOf('row 1')).toThrow(RangeError);
  expect(() => journal.intend(first.toUpperCase().replace('0', 'A'), 1)).toThrow(RangeError);
  await journal.intend(first, 1);
  await journal.close();
});
