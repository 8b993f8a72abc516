import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JournalHeader } from '../../src/adapters/files/journal/journal-header.ts';
import { openJournal } from '../../src/adapters/files/journal/open-journal.ts';
import type { FinishedTask, TaskJournal, TaskProgress } from '../../src/ports/files.ts';
import { MemoryJournal, nothingDurable } from '../support/memory-journal.ts';

const header: JournalHeader = {
  ...{ schemaVersion: 1, baseUrl: 'https://ocr.example.com', accountId: 'f00dcafe', input: '/data/in.csv' },
  ...{ columns: ['task_id'], columnNames: {}, createdAt: 0 },
};

/** The n-th key: 32 hex digits. */
const keyOf = (n: number): string => (n + 1).toString(16).padStart(8, '0').repeat(4);
const key = keyOf(0);

const rowOf = (status: 'solved' | 'failed', ofKey = key, text = ''): FinishedTask => ({
  ...{ key: ofKey, status, expiresAt: status === 'solved' ? 9 : null, values: { text } },
});

type Step = (journal: TaskJournal) => unknown;
const intend =
  (attempt: number, wasInDoubt?: boolean): Step =>
  (journal) =>
    journal.intend(key, attempt, wasInDoubt);
const submitted =
  (id: string): Step =>
  (journal) =>
    journal.submitted(key, id, 5);
const refused: Step = (journal) => journal.refused(key);
const solved: Step = (journal) => journal.finished(rowOf('solved'));
const failed: Step = (journal) => journal.finished(rowOf('failed'));

const accepted = (attempts: number, more = {}): TaskProgress => ({
  ...{ state: 'submitted', attempts, captchaId: '7', submittedAt: 5 },
  ...more,
});

const histories: readonly [string, readonly Step[], TaskProgress][] = [
  ['nothing', [], { state: 'new' }],
  ['a submission that was begun', [intend(1)], { state: 'in-doubt', attempts: 1 }],
  ['one that was refused', [intend(1), refused], { state: 'new' }],
  ['one that was accepted', [intend(2), submitted('7')], accepted(2)],
  ['a second after a lost answer', [intend(1), intend(2)], { state: 'in-doubt', attempts: 2 }],
  ['a refused second after a lost answer', [intend(1), intend(2), refused], { state: 'in-doubt', attempts: 2 }],
  ['an accepted second after a lost answer', [intend(1), intend(2), submitted('7')], accepted(2, { wasInDoubt: true })],
  ['a refused second after an id that died', [intend(1), submitted('6'), intend(2), refused], { state: 'new' }],
  [
    'a refused third after a lost answer and an id that died',
    [intend(1), intend(2), submitted('6'), intend(3), refused],
    { state: 'in-doubt', attempts: 3 },
  ],
  ['a solved row', [intend(1), submitted('7'), solved], { state: 'solved', expiresAt: 9 }],
  ['a failed row without a submission', [failed], { state: 'failed' }],
  ['a beginning after a row', [failed, intend(4)], { state: 'in-doubt', attempts: 4 }],
  ['a refused beginning after a row', [solved, intend(1), refused], { state: 'solved', expiresAt: 9 }],
  [
    'a refused second after an id that no beginning led to, after a row',
    [intend(1), intend(2), solved, submitted('7'), intend(2), refused],
    { state: 'solved', expiresAt: 9 },
  ],
  [
    'an accepted one after a doubtful row',
    [failed, intend(4, true), submitted('7')],
    accepted(4, { wasInDoubt: true }),
  ],
  ['a refused one after a doubtful row', [failed, intend(4, true), refused], { state: 'failed' }],
  ['a row after a lost answer', [intend(1), intend(2), solved, intend(3), submitted('7')], accepted(3)],
  ['a refusal that belongs to no submission', [intend(1), submitted('7'), refused], accepted(1)],
];

/** A journal, and its state after the process ended and another one opened it. */
interface Kind {
  open(): Promise<TaskJournal>;
  reopen(journal: TaskJournal): Promise<TaskJournal>;
}

function inFile(): Kind {
  const folder = mkdtempSync(join(tmpdir(), 'journal-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  let count = 0;
  const open = (): Promise<TaskJournal> => openJournal(join(folder, `${count}`), header, { fresh: false });
  return {
    open: () => {
      count += 1;
      return open();
    },
    reopen: async (journal) => {
      await journal.close();
      return open();
    },
  };
}

function inMemory(): Kind {
  let durable = nothingDurable();
  return {
    open: async () => {
      durable = nothingDurable();
      return new MemoryJournal(durable);
    },
    reopen: async () => new MemoryJournal(durable),
  };
}

async function rowsOf(journal: TaskJournal): Promise<FinishedTask[]> {
  const rows: FinishedTask[] = [];
  for await (const row of journal.finishedTasks()) rows.push(row);
  return rows;
}

describe.each([
  ['a journal in a file', inFile],
  ['a journal in memory', inMemory],
])('%s', (_name, start) => {
  it.each(histories)('has after %s the progress of a task, also for the next run', async (_what, history, progress) => {
    const kind = start();
    const journal = await kind.open();
    for (const step of history) await step(journal);
    const later = await kind.reopen(journal);
    expect(later.progressOf(key)).toEqual(progress);
    await later.close();
  });

  it('has the latest row of each finished task, in the order of finishing', async () => {
    const journal = await start().open();
    const [first, second] = [rowOf('failed', keyOf(1)), rowOf('solved', keyOf(2))];
    const again = rowOf('solved', keyOf(1), 'again');
    await journal.finished(first);
    await journal.finished(second);
    expect(await rowsOf(journal)).toEqual([first, second]);
    await journal.finished(again);
    expect(await rowsOf(journal)).toEqual([second, again]);
    expect(await journal.rowOf(keyOf(1))).toEqual(again);
    await journal.close();
  });

  it('has no row of a task that started over, until it is finished or refused', async () => {
    const journal = await start().open();
    for (const step of [failed, intend(2)]) await step(journal);
    expect([await journal.rowOf(key), await rowsOf(journal)]).toEqual([null, []]);
    await journal.intend(keyOf(1), 1);
    await journal.refused(key);
    await journal.submitted(keyOf(1), '1', 5);
    expect([await journal.rowOf(key), await rowsOf(journal)]).toEqual([rowOf('failed'), [rowOf('failed')]]);
    await journal.close();
  });
});

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ attempt: fc.integer({ min: 1, max: 5 }), doubt: fc.boolean() }).map((of) => intend(of.attempt, of.doubt)),
  fc.constantFrom(submitted('1'), submitted('2'), refused, solved, failed),
);

describe('all journals', () => {
  it('agree after any history, and in the next run', async () => {
    const kinds = [inFile(), inMemory()];
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 12 }), async (history) => {
        const found = kinds.map(async (kind) => {
          const journal = await kind.open();
          for (const step of history) await step(journal);
          const later = await kind.reopen(journal);
          const what = { progress: later.progressOf(key), row: await later.rowOf(key), rows: await rowsOf(later) };
          await later.close();
          return what;
        });
        const [file, memory] = await Promise.all(found);
        expect(memory).toEqual(file);
      }),
      { numRuns: 100 },
    );
  });
});
