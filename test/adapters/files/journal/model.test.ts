import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { OpenJournal } from '../../../../src/adapters/files/journal/file-journal.ts';
import type { FinishedTask, TaskProgress } from '../../../../src/ports/files.ts';
import { aFolder, finishedTask, keyOf, open, rowsOf } from './support/a-journal.ts';
import { runs as numRuns } from '../../../support/exhaustive.ts';

/** Operations on a journal, and crashes. */
type Operation =
  | { readonly type: 'intend'; readonly task: number; readonly attempt: number }
  | { readonly type: 'submitted'; readonly task: number; readonly id: string }
  | { readonly type: 'refused'; readonly task: number }
  | { readonly type: 'finished'; readonly task: number; readonly status: 'solved' | 'failed'; readonly text: string }
  | { readonly type: 'crash'; readonly junk: string };

const task = fc.nat({ max: 5 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ type: fc.constant('intend' as const), task, attempt: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ type: fc.constant('submitted' as const), task, id: fc.string() }),
  fc.record({ type: fc.constant('refused' as const), task }),
  fc.record({
    type: fc.constant('finished' as const),
    task,
    status: fc.constantFrom('solved' as const, 'failed' as const),
    text: fc.string({ unit: 'binary' }),
  }),
  fc.record({ type: fc.constant('crash' as const), junk: fc.string().map((text) => text.replaceAll('\n', ' ')) }),
);

/** A plain model: the complete history of every task, whose state follows from replaying its operations. */
class Model {
  readonly steps: Exclude<Operation, { type: 'crash' }>[] = [];

  progressOf(task: number): TaskProgress {
    let now: TaskProgress = { state: 'new' };
    let isDoubtful = false;
    let attempts = 0;
    let ifRefused: TaskProgress = now;
    for (const step of this.steps.filter((each) => each.task === task)) {
      if (step.type === 'intend') {
        // The doubt of an earlier submission lasts until there is a row.
        isDoubtful ||= now.state === 'in-doubt';
        attempts = step.attempt;
        now = { state: 'in-doubt', attempts };
      } else if (step.type === 'submitted') {
        const accepted = { attempts, captchaId: step.id, submittedAt: 7 };
        now = { state: 'submitted', ...accepted, ...(isDoubtful && { wasInDoubt: true }) };
      } else if (step.type === 'finished') {
        now = step.status === 'solved' ? { state: 'solved', expiresAt: 42 } : { state: 'failed' };
        ifRefused = now;
        isDoubtful = false;
        attempts = 0;
      } else if (now.state === 'in-doubt' && !isDoubtful) {
        now = ifRefused;
        attempts = 0;
      }
    }
    return now;
  }

  rows(): FinishedTask[] {
    return this.steps.flatMap((step, at) => {
      const isLatest = !this.steps.slice(at + 1).some((later) => later.type === 'finished' && later.task === step.task);
      const isFinished = ['solved', 'failed'].includes(this.progressOf(step.task).state);
      return step.type === 'finished' && isLatest && isFinished ? [rowOf(step)] : [];
    });
  }
}

const rowOf = (step: Extract<Operation, { type: 'finished' }>): FinishedTask =>
  finishedTask(keyOf(step.task), {
    status: step.status,
    expiresAt: step.status === 'solved' ? 42 : null,
    values: { [step.text]: step.text },
  });

function perform(step: Model['steps'][number], journal: OpenJournal): unknown {
  const key = keyOf(step.task);
  switch (step.type) {
    case 'intend':
      return journal.intend(key, step.attempt);
    case 'submitted':
      return journal.submitted(key, step.id, 7);
    case 'refused':
      return journal.refused(key);
    case 'finished':
      return journal.finished(rowOf(step));
  }
}

async function expectSame(journal: OpenJournal, model: Model): Promise<void> {
  const tasks = [0, 1, 2, 3, 4, 5];
  expect(tasks.map((each) => journal.progressOf(keyOf(each)))).toEqual(tasks.map((each) => model.progressOf(each)));
  expect(tasks.map((each) => journal.hasKey(keyOf(each)))).toEqual(
    tasks.map((each) => model.steps.some(({ task }) => task === each)),
  );
  expect(await rowsOf(journal)).toEqual(model.rows());
  const countOf = (state: TaskProgress['state']): number =>
    tasks.filter((each) => model.progressOf(each).state === state).length;
  expect(journal.counts()).toEqual({
    total: new Set(model.steps.map(({ task }) => task)).size,
    solved: countOf('solved'),
    failed: countOf('failed'),
    submitted: countOf('submitted'),
    inDoubt: countOf('in-doubt'),
  });
}

it('has the same state as a plain model after any history and any crash', async () => {
  const folder = aFolder();
  let folders = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async (operations) => {
      const path = join(folder, `j${folders++}`);
      const model = new Model();
      let journal = await open(path);
      for (const step of operations) {
        if (step.type === 'crash') {
          await expectSame(journal, model);
          await journal.close();
          writeFileSync(path, step.junk, { flag: 'a' });
          journal = await open(path);
        } else {
          await perform(step, journal);
          // Operations without an await become durable with the next one.
          model.steps.push(step);
          if (step.type === 'refused') await perform(intendNothing(model), journal);
        }
      }
      await expectSame(journal, model);
      await journal.close();
    }),
    { numRuns: numRuns(150) },
  );
}, 60_000);

/** An awaited step after one without an await. */
function intendNothing(model: Model): Model['steps'][number] {
  const step = { type: 'submitted', task: 0, id: 'sync' } as const;
  model.steps.push(step);
  return step;
}

it('has a state that some prefix leads to, after a crash during concurrent steps', async () => {
  const folder = aFolder();
  let folders = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(task, fc.nat({ max: 2 })), { minLength: 1, maxLength: 30 }),
      fc.nat(),
      async (steps, at) => {
        const path = join(folder, `c${folders++}`);
        const journal = await open(path);
        const headerLength = statSync(path).size;
        const model = new Model();
        await Promise.all(
          steps.map(([task, kind]) => {
            const made: Model['steps'][number] =
              kind === 0
                ? { type: 'intend', task, attempt: 1 }
                : kind === 1
                  ? { type: 'submitted', task, id: 'x' }
                  : { type: 'finished', task, status: 'solved', text: 'y' };
            model.steps.push(made);
            return perform(made, journal);
          }),
        );
        await journal.close();
        truncateSync(path, headerLength + (at % (statSync(path).size - headerLength + 1)));
        const survivors = readFileSync(path, 'utf8').split('\n').length - 2;
        model.steps.length = survivors;
        const resumed = await open(path);
        await expectSame(resumed, model);
        await resumed.close();
      },
    ),
    { numRuns: numRuns(100) },
  );
}, 60_000);
