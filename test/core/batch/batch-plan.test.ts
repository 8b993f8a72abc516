import { describe, expect, it } from 'vitest';
import { planAgain, planTask, type ResumeOptions } from '../../../src/core/batch/batch-plan.ts';
import type { TaskProgress } from '../../../src/ports/files.ts';

const usual: ResumeOptions = { retryFailed: false, leaveInDoubt: false, resolveExpiredAt: null };
const afresh = { do: 'solve', earlierAttempts: 0, forgivenAttempts: 0, accepted: null, wasInDoubt: false };
const nothing = { do: 'nothing' };
const again = { do: 'begin-again' };
const accepted = { captchaId: '7', submittedAt: 5 };
const submitted: TaskProgress = { state: 'submitted', attempts: 2, ...accepted };
const expiring: TaskProgress = { state: 'solved', expiresAt: 100 };

describe('the plan for a task', () => {
  it.each<[TaskProgress, Partial<ResumeOptions>, object]>([
    [{ state: 'new' }, {}, afresh],
    [{ state: 'in-doubt', attempts: 1 }, {}, { ...afresh, earlierAttempts: 1, wasInDoubt: true }],
    [{ state: 'in-doubt', attempts: 1 }, { leaveInDoubt: true }, { do: 'leave', earlierAttempts: 1 }],
    [submitted, {}, { ...afresh, earlierAttempts: 2, accepted }],
    [submitted, { leaveInDoubt: true }, { ...afresh, earlierAttempts: 2, accepted }],
    [expiring, {}, nothing],
    [expiring, { retryFailed: true }, nothing],
    [expiring, { resolveExpiredAt: 99 }, nothing],
    [expiring, { resolveExpiredAt: 100 }, again],
    [{ state: 'solved', expiresAt: null }, { resolveExpiredAt: 1e15 }, nothing],
    [{ state: 'failed' }, {}, nothing],
    [{ state: 'failed' }, { resolveExpiredAt: 1e15 }, nothing],
    [{ state: 'failed' }, { retryFailed: true }, again],
  ])('%j with %j', (progress, options, plan) => {
    expect(planTask(progress, { ...usual, ...options })).toEqual(plan);
  });

  it.each([false, true])('keeps the history that ended with a row (possibly charged: %s)', (wasInDoubt) => {
    const plan = planAgain({ attempts: 3, possiblyCharged: wasInDoubt, liveId: null });
    expect(plan).toEqual({ ...afresh, earlierAttempts: 3, forgivenAttempts: 3, wasInDoubt });
  });

  it('polls the id that a failed task left before it pays again', () => {
    const plan = planAgain({ attempts: 3, possiblyCharged: false, liveId: accepted });
    expect(plan).toEqual({ ...afresh, earlierAttempts: 3, forgivenAttempts: 2, accepted });
  });
});
