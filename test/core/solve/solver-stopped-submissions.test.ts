import { describe, expect, it } from 'vitest';
import { SubmissionRules } from '../../../src/core/resilience/submission-rules.ts';
import type { SubmissionGate } from '../../../src/ports/submissions.ts';
import { aFault, aTask, someOptions } from '../../support/builders.ts';
import { notReady, ready } from '../../support/scripted-api.ts';
import { aHarness, type SolverHarness, type SolverHarnessParts } from '../../support/solver-harness.ts';

const hold = { type: 'hold', since: 2, by: 'ada on web-1', why: 'deploy', forMs: null } as const;

/** A solver whose submissions the rules hold and limit. */
function stoppable(parts: SolverHarnessParts = {}): SolverHarness & { readonly rules: SubmissionRules } {
  const rules = new SubmissionRules();
  const gateFor = (nowMs: () => number): SubmissionGate => ({
    check: () => rules.refusal({ label: null }, nowMs()),
    count: (task) =>
      rules.apply({ type: 'submit', since: 2, label: null, task }, nowMs()) ?? { counted: true, atMs: 0 },
    giveBack: (atMs) => void rules.apply({ type: 'unsubmit', since: 2, label: null, atMs }, nowMs()),
    known: () => rules.known(nowMs()),
  });
  return { ...aHarness({ ...parts, gateFor }), rules };
}

describe('a hold', () => {
  it('keeps a first attempt back until it is released, and says once why', async () => {
    const { rules, solver, stop, clock, api, events } = stoppable({ options: { onExhausted: 'wait' } });
    rules.apply(hold, 0);
    const outcome = solver.solve(aTask(), stop.signal);
    await clock.advance(20_000);
    expect(api.submissions).toEqual([]);
    rules.apply({ type: 'release', since: 2, by: 'ada' }, 20_000);
    await clock.advance(1_000);
    expect(api.submissions).toHaveLength(1);
    await clock.run();
    expect(await outcome).toMatchObject({ status: 'solved' });
    const told = events.filter((event) => event.type === 'submission-refused');
    expect(told[0]).toMatchObject({ why: 'held by ada on web-1 for 0 s: deploy', isWaiting: true, isRepeated: false });
    expect(told.slice(1).every(({ isRepeated }) => isRepeated)).toBe(true);
  });

  it('does not keep a submitted task from being collected', async () => {
    const polls = () => [{ answer: notReady }, { answer: ready }] as const;
    const { rules, solver, stop, clock } = stoppable({ answers: { polls } });
    const outcome = solver.solve(aTask(), stop.signal);
    await clock.advance(100);
    rules.apply(hold, 100);
    await clock.run();
    expect(await outcome).toMatchObject({ status: 'solved' });
  });

  it('gives a task up at its deadline, with the reason', async () => {
    const { rules, solver, stop, clock, api } = stoppable({ options: { timeoutMs: 30_000, onExhausted: 'wait' } });
    rules.apply(hold, 0);
    const outcome = solver.solve(aTask(), stop.signal);
    await clock.run();
    expect(await outcome).toMatchObject({
      reason: 'held',
      message: 'nothing may be submitted now (held by ada on web-1 for 25 s: deploy)',
      attempts: [],
    });
    expect(api.submissions).toEqual([]);
  });

  it('gives a task up at once that fails fast', async () => {
    const { rules, solver, stop, clock } = stoppable({ options: { onExhausted: 'fail' } });
    rules.apply({ ...hold, forMs: 60_000 }, 0);
    const outcome = solver.solve(aTask(), stop.signal);
    await clock.run();
    expect(await outcome).toMatchObject({ reason: 'held', retryInMs: 60_000, durationMs: 0 });
  });

  it('pauses a task of a batch without using up its time', async () => {
    const { rules, solver, stop, clock } = stoppable({ options: { timeoutMs: 60_000, onExhausted: 'pause' } });
    rules.apply({ ...hold, forMs: 600_000 }, 0);
    const outcome = solver.solve(aTask(), stop.signal);
    await clock.run();
    expect(await outcome).toMatchObject({ status: 'solved' });
  });
});

describe('a limit', () => {
  const limit = (count: number) =>
    ({ type: 'limits', since: 2, limits: [{ label: null, count, windowMs: 60_000 }] }) as const;

  it('counts retries too, and waits for room', async () => {
    const submits = () => [{ fault: aFault({ kind: 'transport' }) }, { answer: 'accepted' }] as const;
    const { rules, solver, stop, clock, api } = stoppable({
      answers: { submits },
      options: { timeoutMs: 300_000, onExhausted: 'wait' },
    });
    rules.apply(limit(1), 0);
    const outcome = solver.solve(aTask(), stop.signal);
    await clock.run();
    expect(await outcome).toMatchObject({ status: 'solved' });
    expect(api.submissions).toHaveLength(2);
    expect(rules.uses(clock.nowMs())).toMatchObject([{ count: 1 }]);
  });

  it('gives a task up at once if room comes too late, with the time', async () => {
    const { rules, solver, stop, clock } = stoppable({ options: { timeoutMs: 30_000, onExhausted: 'wait' } });
    rules.apply(limit(1), 0);
    rules.apply({ type: 'submit', since: 2, label: null, task: 'other' }, 0);
    const outcome = solver.solve(aTask(), stop.signal);
    await clock.advance(0);
    expect(await outcome).toMatchObject({
      reason: 'limit-reached',
      retryInMs: 60_000,
      message: 'no more submissions are allowed now (the limit of 1 submission per minute is reached)',
    });
  });

  it('does not count a submission for which no thread was free', async () => {
    const full = aFault({ kind: 'throttled', threadsFull: true });
    const submits = () => [{ fault: full }, { fault: full }, { answer: 'accepted' }] as const;
    const { rules, solver, stop, clock } = stoppable({
      answers: { submits },
      options: { ...someOptions(), onExhausted: 'pause' },
    });
    rules.apply(limit(1), 0);
    const outcome = solver.solve(aTask(), stop.signal);
    await clock.advance(20_000);
    expect(rules.uses(clock.nowMs())).toMatchObject([{ used: 1 }]);
    await clock.run();
    expect(await outcome).toMatchObject({ status: 'solved', attempts: [{ attempt: 1 }] });
  });
});
