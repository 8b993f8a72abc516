import { describe, expect, it } from 'vitest';
import { describeFault } from '../../../src/domain/fault.ts';
import { aTask } from '../../support/builders.ts';
import { aHarness, solveAll, solveOne, usualBreaker } from '../../support/solver-harness.ts';

const down = describeFault({ kind: 'transport', message: 'connection refused' });
const busy = (retryAfterMs: number) => describeFault({ kind: 'throttled', message: 'come back later', retryAfterMs });

describe('a service that asked one task to come back later', () => {
  it('is left alone by a task that would rather fail, too, where there is time for it', async () => {
    const harness = aHarness({
      options: { onExhausted: 'fail', timeoutMs: 100_000 },
      answers: {
        submits: ({ taskId }) =>
          taskId === 't1' ? [{ fault: busy(10_000) }, { answer: 'accepted' }] : [{ answer: 'accepted' }],
      },
    });
    const first = solveAll(harness, [aTask({ taskId: 't1' })]);
    const second = harness.clock
      .sleep(1_000)
      .then(() => harness.solver.solve(aTask({ taskId: 't2' }), harness.stop.signal));
    await harness.clock.run().catch(() => undefined);
    expect([(await first)[0]?.status, (await second).status]).toEqual(['solved', 'solved']);
    const submissions = harness.api.calls.filter(({ type, taskId }) => type === 'submit' && taskId === 't2');
    expect(submissions[0]?.sentMs).toBeGreaterThanOrEqual(10_000);
  });
});

describe('a task that comes while all are asked to wait', () => {
  const meanwhile = async (timeoutMs: number) => {
    const harness = aHarness({
      options: { onExhausted: 'wait', timeoutMs },
      answers: {
        submits: ({ taskId }) =>
          taskId === 't1' ? [{ fault: busy(60_000) }, { answer: 'accepted' }] : [{ answer: 'accepted' }],
      },
    });
    const first = solveAll(harness, [aTask({ taskId: 't1' })]);
    const second = harness.clock
      .sleep(1_000)
      .then(() => harness.solver.solve(aTask({ taskId: 't2' }), harness.stop.signal));
    await harness.clock.run().catch(() => undefined);
    await first;
    return { outcome: await second, events: harness.events.filter(({ taskId }) => taskId === 't2') };
  };

  it('says so and waits', async () => {
    const { outcome, events } = await meanwhile(300_000);
    expect(outcome.status).toBe('solved');
    expect(events[0]).toMatchObject({ type: 'cooling-down', waitMs: expect.closeTo(61_500, -4) as number });
  });

  it('fails at once with the reason if there is no time for that', async () => {
    const { outcome } = await meanwhile(30_000);
    expect(outcome).toMatchObject({ reason: 'deadline-exceeded', attempts: [] });
    expect(outcome).toMatchObject({ message: expect.stringMatching(/wait \d+ s more \(Retry-After\)/) as string });
  });
});

describe('a task that waits, while nobody knows whether the service is there', () => {
  it('spends no attempt on finding out for all', async () => {
    const { outcome } = await solveOne({
      options: { onExhausted: 'wait', timeoutMs: 250_000 },
      breaker: { ...usualBreaker, unprovenLimit: 5 },
      answers: {
        submits: () => [{ fault: down }, ...Array.from({ length: 6 }, () => ({ fault: down })), { answer: 'accepted' }],
      },
    });
    expect(outcome).toMatchObject({ status: 'solved' });
    expect(outcome.attempts).toHaveLength(8);
  });

  it('makes the one attempt that it was told to make', async () => {
    const { outcome } = await solveOne({
      options: { onExhausted: 'wait', timeoutMs: 250_000, limits: { maxAttempts: 1, maxUnsolvable: 3 } },
      breaker: { ...usualBreaker, unprovenLimit: 5 },
      answers: { submits: () => [{ fault: down }, { answer: 'accepted' }] },
    });
    expect(outcome).toMatchObject({ status: 'failed', reason: 'attempts-exhausted' });
    expect(outcome.attempts).toHaveLength(1);
  });
});
