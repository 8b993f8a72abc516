import { describe, expect, it } from 'vitest';
import type { SolvePlan } from '../../../src/core/batch/batch-plan.ts';
import { progressOf, queueKeyOf } from '../../../src/core/fleet/dispatch-item.ts';
import type { OpenProgress } from '../../../src/domain/queued-task.ts';

const afresh: SolvePlan = { do: 'solve', earlierAttempts: 0, forgivenAttempts: 0, accepted: null, wasInDoubt: false };
const accepted = { captchaId: 'c1', submittedAt: 7 };

describe('the progress of a dispatched task', () => {
  it.each<[string, Partial<SolvePlan>, OpenProgress]>([
    ['begins anew', {}, { state: 'new' }],
    ['was cut off', { earlierAttempts: 2, wasInDoubt: true }, { state: 'in-doubt', attempts: 2 }],
    ['is paid for', { earlierAttempts: 1, accepted }, { state: 'submitted', attempts: 1, ...accepted }],
    [
      'is paid for, perhaps twice',
      { earlierAttempts: 2, accepted, wasInDoubt: true },
      { state: 'submitted', attempts: 2, ...accepted, wasInDoubt: true },
    ],
    ['failed and is begun again', { earlierAttempts: 3, forgivenAttempts: 3 }, { state: 'new' }],
    [
      'failed with a live id',
      { earlierAttempts: 3, forgivenAttempts: 2, accepted },
      { state: 'submitted', attempts: 1, ...accepted },
    ],
  ])('is sent to its worker: it %s', (_what, plan, progress) => {
    expect(progressOf({ ...afresh, ...plan })).toEqual(progress);
  });
});

describe('the key of a task in the queues', () => {
  const key = '00112233445566778899aabbccddeeff';

  it('is the key of its row until the first row was written', () => {
    expect(queueKeyOf(key, 0)).toBe(key);
  });

  it('is different for every row after that, with the same format', () => {
    const keys = [1, 255, 2 ** 40].map((generation) => queueKeyOf(key, generation));
    expect(keys[1]).toBe('001122334455667788990000000000ff');
    expect(new Set([key, ...keys]).size).toBe(4);
    for (const each of keys) expect(each).toMatch(/^[\da-f]{32}$/);
  });
});
