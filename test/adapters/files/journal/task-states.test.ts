import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Step } from '../../../../src/adapters/files/journal/step.ts';
import { TaskStates } from '../../../../src/adapters/files/journal/task-states.ts';
import type { TaskProgress } from '../../../../src/ports/files.ts';

const hash = (n: number): string => createHash('sha256').update(String(n)).digest('hex').slice(0, 32);

const key = hash(0);
const steps = {
  intent: (attempt: number, wasInDoubt = false): Step => ({ type: 'intent', key, attempt, wasInDoubt }),
  submitted: (captchaId: string): Step => ({ type: 'submitted', key, captchaId, submittedAt: 5 }),
  refused: { type: 'refused', key },
  solved: { type: 'solved', key, expiresAt: 9 },
  failed: { type: 'failed', key, expiresAt: null },
} as const;
const { intent, submitted, refused, solved, failed } = steps;

it('puts accepted submissions in doubt when their service is gone, and nothing else', () => {
  const states = new TaskStates();
  const other = hash(1);
  [intent(2), submitted('7')].forEach((step, at) => states.apply(step, at));
  states.apply({ ...solved, key: other }, 9);
  states.forgetIds();
  expect(states.progressOf(key)).toEqual({ state: 'in-doubt', attempts: 2 });
  expect(states.progressOf(other)).toMatchObject({ state: 'solved' });
  expect(states.counts()).toEqual({ total: 2, solved: 1, failed: 0, submitted: 0, inDoubt: 1 });
  // The next submission, refused, leaves the doubt.
  states.apply(intent(3, true), 10);
  states.apply(refused, 11);
  expect(states.progressOf(key)).toEqual({ state: 'in-doubt', attempts: 3 });
});

it.each<[string, readonly Step[], TaskProgress]>([
  ['nothing', [], { state: 'new' }],
  ['a submission that was begun', [intent(1)], { state: 'in-doubt', attempts: 1 }],
  ['one that was refused', [intent(1), refused], { state: 'new' }],
  [
    'one that was accepted',
    [intent(2), submitted('7')],
    { state: 'submitted', attempts: 2, captchaId: '7', submittedAt: 5 },
  ],
  ['a second after the answer of the first was lost', [intent(1), intent(2)], { state: 'in-doubt', attempts: 2 }],
  [
    'a refused second after the answer of the first was lost',
    [intent(1), intent(2), refused],
    { state: 'in-doubt', attempts: 2 },
  ],
  [
    'a refused second after the first was accepted and died',
    [intent(1), submitted('7'), intent(2), refused],
    { state: 'new' },
  ],
  [
    'a refused third after a lost first and an accepted second',
    [intent(1), intent(2), submitted('7'), intent(3), refused],
    { state: 'in-doubt', attempts: 3 },
  ],
  [
    'an accepted second after the answer of the first was lost',
    [intent(1), intent(2), submitted('7')],
    { state: 'submitted', attempts: 2, captchaId: '7', submittedAt: 5, wasInDoubt: true },
  ],
  ['a row', [intent(1), submitted('7'), solved], { state: 'solved', expiresAt: 9 }],
  ['a row without a submission', [failed], { state: 'failed' }],
  ['a beginning after a row', [failed, intent(1)], { state: 'in-doubt', attempts: 1 }],
  ['a refused beginning after a row', [solved, intent(1), refused], { state: 'solved', expiresAt: 9 }],
  [
    'an accepted one after a row that was in doubt',
    [failed, intent(4, true), submitted('7')],
    { state: 'submitted', attempts: 4, captchaId: '7', submittedAt: 5, wasInDoubt: true },
  ],
  ['a refused one after a row that was in doubt', [failed, intent(4, true), refused], { state: 'failed' }],
  [
    'a refusal that belongs to no submission',
    [intent(1), submitted('7'), refused],
    { state: 'submitted', attempts: 1, captchaId: '7', submittedAt: 5 },
  ],
])('after %s a task has the expected progress', (_what, history, progress) => {
  const states = new TaskStates();
  history.forEach((step, at) => states.apply(step, at));
  expect(states.progressOf(key)).toEqual(progress);
});

it('stores finished tasks in typed arrays, about 60 bytes each', () => {
  const count = 150_000;
  const before = process.memoryUsage();
  const states = new TaskStates();
  for (let n = 0; n < count; n++) {
    states.apply({ ...intent(1), key: hash(n) }, 0);
    states.apply({ ...submitted('7'), key: hash(n) }, 0);
    states.apply({ ...solved, key: hash(n), expiresAt: n }, 1e10 + n);
  }
  // Includes outgrown arrays that are not collected yet.
  const { arrayBuffers } = process.memoryUsage();
  expect((arrayBuffers - before.arrayBuffers) / count).toBeLessThan(160);
  expect(states.rowAt(hash(77))).toBe(1e10 + 77);
  expect(states.progressOf(hash(count - 1))).toEqual({ state: 'solved', expiresAt: count - 1 });
  expect(states.counts()).toEqual({ total: count, solved: count, failed: 0, submitted: 0, inDoubt: 0 });
});
