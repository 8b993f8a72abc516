import { describe, expect, it } from 'vitest';
import { aFault, aTask } from '../../support/builders.ts';
import { notReady, ready } from '../../support/scripted-api.ts';
import { aRig, solveAll, usualBreaker } from '../../support/solver-rig.ts';

const reset = { latencyMs: 100, fault: aFault() };
const unsolvable = { fault: aFault({ kind: 'unsolvable', code: 'ERROR_CAPTCHA_UNSOLVABLE' }) };

describe('Solver, stopped', () => {
  it('submits nothing where it was stopped before', async () => {
    const rig = aRig();
    rig.stop.abort();
    const [outcome] = await solveAll(rig, [aTask()]);
    expect(outcome).toMatchObject({ reason: 'cancelled', attempts: [] });
    expect(rig.api.calls).toEqual([]);
  });

  it('ends a backoff at once', async () => {
    const backoff = { strategy: 'fixed', baseDelayMs: 20_000, maxDelayMs: 30_000 } as const;
    const rig = aRig({ answers: { submits: () => [reset] }, options: { backoff } });
    void rig.clock.sleep(7_000).then(() => rig.stop.abort());
    const [outcome] = await solveAll(rig, [aTask()]);
    expect(outcome).toMatchObject({ reason: 'cancelled', durationMs: 7_000 });
    expect(rig.api.submissions).toHaveLength(1);
  });

  it('ends the wait for the breaker at once', async () => {
    const breaker = { ...usualBreaker, consecutiveFailures: 1, breakDurationMs: 60_000 };
    const rig = aRig({ breaker, answers: { submits: () => [reset] }, options: { onExhausted: 'wait' } });
    void rig.clock.sleep(40_000).then(() => rig.stop.abort());
    const [outcome] = await solveAll(rig, [aTask()]);
    expect(outcome).toMatchObject({ reason: 'cancelled', durationMs: 40_000 });
  });

  it('lets a submission that is under way finish, and collects what it paid for', async () => {
    const rig = aRig({ answers: { submits: () => [{ latencyMs: 3_000, answer: 'accepted' }] } });
    void rig.clock.sleep(1_000).then(() => rig.stop.abort());
    const [outcome] = await solveAll(rig, [aTask()]);
    expect(outcome?.status).toBe('solved');
  });

  it('keeps polling what was paid for', async () => {
    const polls = [{ answer: notReady }, reset, { answer: notReady }, { answer: ready }] as const;
    const rig = aRig({ answers: { polls: () => polls } });
    void rig.clock.sleep(16_000).then(() => rig.stop.abort());
    const [outcome] = await solveAll(rig, [aTask()]);
    expect(outcome?.status).toBe('solved');
    expect(rig.api.polls).toHaveLength(4);
  });

  it('takes no token for a retry that will not be made', async () => {
    const rig = aRig({ answers: { polls: () => [unsolvable] } });
    void rig.clock.sleep(10_000).then(() => rig.stop.abort());
    const [outcome] = await solveAll(rig, [aTask()]);
    expect(outcome).toMatchObject({ reason: 'cancelled', code: 'ERROR_CAPTCHA_UNSOLVABLE' });
    expect(rig.events.some(({ type }) => type === 'retrying')).toBe(false);
  });
});
