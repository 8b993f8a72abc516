import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SolverOptions } from '../../../src/core/solve/solver.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { Breaker, Pass } from '../../../src/ports/breaker.ts';
import type { RetryBudget } from '../../../src/ports/retry-budget.ts';
import { aTask } from '../../support/builders.ts';
import type { Call, Script } from '../../support/scripted-api.ts';
import { aRig, type Rig, usualBreaker, usualTiming } from '../../support/solver-rig.ts';
import { somePolls, someSubmits } from '../../support/some-faults.ts';

/** Sums of times that are no whole milliseconds. */
const rounding = 1e-6;

const aScenario = fc.record({
  tasks: fc.array(fc.record({ submits: someSubmits, polls: fc.array(somePolls, { minLength: 1, maxLength: 3 }) }), {
    minLength: 1,
    maxLength: 8,
  }),
  options: fc.record<SolverOptions>({
    timeoutMs: fc.integer({ min: 1, max: 400_000 }),
    limits: fc.record({ maxAttempts: fc.integer({ min: 1, max: 6 }), maxUnsolvable: fc.integer({ min: 1, max: 3 }) }),
    backoff: fc.record({
      strategy: fc.constantFrom('none', 'fixed', 'linear', 'exponential', 'full-jitter', 'decorrelated-jitter'),
      baseDelayMs: fc.constantFrom(0, 1_000),
      maxDelayMs: fc.constantFrom(0, 5_000, 30_000),
    }),
    onExhausted: fc.constantFrom('fail', 'wait'),
  }),
  budget: fc.record({
    ratio: fc.constantFrom(null, 0.1, 0.5, 1),
    minRetriesPerSecond: fc.constantFrom(0, 0.2, 2),
    maxRetriesPerSecond: fc.constantFrom(0.1, 1, 10),
    burst: fc.integer({ min: 1, max: 6 }),
  }),
  breaker: fc.record({
    consecutiveFailures: fc.option(fc.integer({ min: 1, max: 5 })),
    failureRatio: fc.option(fc.constantFrom(0.3, 0.5, 1)),
    minimumThroughput: fc.integer({ min: 1, max: 10 }),
  }),
  stopAtMs: fc.option(fc.integer({ min: 0, max: 200_000 })),
  seed: fc.integer(),
});

type Scenario = typeof aScenario extends fc.Arbitrary<infer T> ? T : never;

interface Course {
  readonly scenario: Scenario;
  readonly calls: readonly Call[];
  readonly outcomes: readonly Outcome[];
  /** When each token that was taken may be used. */
  readonly tokensAtMs: readonly number[];
  readonly passes: ReadonlyMap<Pass, number>;
}

function scriptOf<T>(scripts: readonly Script<T>[], index: number): Script<T> {
  return scripts[index % scripts.length]!;
}

function rigFor(scenario: Scenario): Rig & Pick<Course, 'tokensAtMs' | 'passes'> {
  const tokensAtMs: number[] = [];
  const passes = new Map<Pass, number>();
  const { tasks, options, budget, seed } = scenario;
  const scriptsOf = (taskId: string): Scenario['tasks'][number] => tasks[Number(taskId.slice(1))]!;
  const rig = aRig({
    options,
    budget,
    seed,
    breaker: { ...usualBreaker, ...scenario.breaker },
    answers: {
      submits: ({ taskId }) => scriptsOf(taskId).submits,
      polls: (captchaId) => {
        const [taskId, nth] = captchaId.split('-') as [string, string];
        return scriptOf(scriptsOf(taskId).polls, Number(nth));
      },
    },
    wrapBudget: (inner, clock): RetryBudget => ({
      deposit: () => inner.deposit(),
      tryWithdraw: async (request) => {
        const withdrawal = await inner.tryWithdraw(request);
        if (withdrawal.granted) tokensAtMs.push(clock.nowMs() + withdrawal.waitMs);
        return withdrawal;
      },
    }),
    wrapBreaker: (inner): Breaker => ({
      tryEnter: async () => {
        const admission = await inner.tryEnter();
        if (admission.admitted) passes.set(admission.pass, 0);
        return admission;
      },
      record: (pass, verdict) => {
        passes.set(pass, (passes.get(pass) ?? 0) + 1);
        return inner.record(pass, verdict);
      },
    }),
  });
  return { ...rig, tokensAtMs, passes };
}

async function play(scenario: Scenario): Promise<Course> {
  const { api, clock, solver, stop, tokensAtMs, passes } = rigFor(scenario);
  const running = scenario.tasks.map((_, index) => solver.solve(aTask({ taskId: `t${index}` }), stop.signal));
  if (scenario.stopAtMs !== null) void clock.sleep(scenario.stopAtMs).then(() => stop.abort());
  await clock.run();
  return { scenario, calls: api.calls, outcomes: await Promise.all(running), tokensAtMs, passes };
}

type Law = (course: Course) => void;

const submissionsOf = (calls: readonly Call[], taskId: string): Call[] =>
  calls.filter((call) => call.type === 'submit' && call.taskId === taskId);

/** Every submission of a task but its first, with everything the task saw before it. */
function resubmissions({ calls, outcomes }: Course): { submission: Call; before: Call[] }[] {
  return outcomes.flatMap(({ taskId }) =>
    submissionsOf(calls, taskId)
      .slice(1)
      .map((submission) => {
        const before = calls.slice(0, calls.indexOf(submission)).filter((call) => call.taskId === taskId);
        return { submission, before };
      }),
  );
}

const laws: Record<string, Law> = {
  'no call is sent at or after the deadline, and none may outlive it': ({ calls, scenario }) => {
    for (const { sentMs, timeLeftMs } of calls) {
      expect(timeLeftMs).toBeGreaterThan(0);
      expect(Math.abs(sentMs + timeLeftMs - scenario.options.timeoutMs)).toBeLessThan(rounding);
    }
  },
  'every task ends by its deadline': ({ outcomes, scenario }) => {
    for (const { durationMs } of outcomes) expect(durationMs).toBeLessThan(scenario.options.timeoutMs + rounding);
  },
  'nothing is submitted after a final answer, nor after the solution': (course) => {
    for (const { before } of resubmissions(course)) {
      const { type, fault } = before.at(-1)!;
      expect(fault).not.toBe(null);
      expect(fault?.kind).not.toBe('account');
      if (fault?.kind === 'rejected') expect([type, fault.maxResubmissions]).toEqual(['submit', expect.any(Number)]);
    }
  },
  'nothing is submitted while a known id may be alive': (course) => {
    for (const { before } of resubmissions(course)) {
      const last = before.at(-1)!;
      if (last.captchaId !== null) expect([last.type, last.fault?.kind]).toEqual(['poll', 'unsolvable']);
    }
  },
  'no task is submitted more often than maxAttempts': ({ calls, outcomes, scenario }) => {
    for (const { taskId } of outcomes) {
      expect(submissionsOf(calls, taskId).length).toBeLessThanOrEqual(scenario.options.limits.maxAttempts);
    }
  },
  'an unsolvable CAPTCHA is paid for no more often than maxUnsolvable': (course) => {
    for (const { before } of resubmissions(course)) {
      const unsolvable = before.filter(({ fault }) => fault?.kind === 'unsolvable').length;
      expect(unsolvable).toBeLessThan(course.scenario.options.limits.maxUnsolvable);
    }
  },
  'a code is answered with no more submissions than it allows': ({ outcomes }) => {
    for (const { attempts } of outcomes) {
      const faults = attempts.flatMap(({ fault }) => fault ?? []);
      faults.slice(0, attempts.length - 1).forEach(({ code, maxResubmissions }, index) => {
        const same = faults.slice(0, index + 1).filter((fault) => fault.code === code).length;
        expect(same).toBeLessThanOrEqual(maxResubmissions ?? Infinity);
      });
    }
  },
  'a wait that the service asks for is never shortened': ({ calls }) => {
    calls.forEach(({ taskId, endedMs, fault }, index) => {
      const next = calls.slice(index + 1).find((call) => call.taskId === taskId);
      if (next === undefined || fault?.retryAfterMs == null) return;
      expect(next.sentMs - endedMs).toBeGreaterThan(fault.retryAfterMs - rounding);
    });
  },
  'an id is looked at no sooner than the interval, but for one last look': ({ calls, scenario }) => {
    for (const captchaId of new Set(calls.flatMap((call) => call.captchaId ?? []))) {
      const [, ...looks] = calls.filter((call) => call.captchaId === captchaId && call.type === 'poll');
      const tooSoon = looks.filter(({ sentMs }) => {
        const previous = calls.findLast((call) => call.captchaId === captchaId && call.sentMs < sentMs);
        return sentMs - (previous?.endedMs ?? 0) < usualTiming.intervalMs - rounding;
      });
      expect(tooSoon.length).toBeLessThanOrEqual(1);
      for (const { sentMs } of tooSoon) expect(sentMs).toBeCloseTo(scenario.options.timeoutMs - 1_000, 5);
    }
  },
  'every poll asks for an id that was accepted for its task': ({ calls }) => {
    calls.forEach((call, index) => {
      if (call.type === 'submit') return;
      const earlier = calls.slice(0, index);
      expect(earlier.some(({ type, captchaId }) => type === 'submit' && captchaId === call.captchaId)).toBe(true);
    });
  },
  'possiblyCharged says exactly where an answer was lost': ({ calls, outcomes }) => {
    for (const { taskId, attempts, possiblyCharged } of outcomes) {
      const lost = submissionsOf(calls, taskId).map(({ fault }) => fault?.answerLost === true);
      expect(attempts.map((attempt) => attempt.possiblyCharged)).toEqual(lost);
      expect(possiblyCharged).toBe(lost.includes(true));
    }
  },
  'every submission is an attempt, in order, and every answered one is named by its id': ({ calls, outcomes }) => {
    for (const { taskId, attempts } of outcomes) {
      const submissions = submissionsOf(calls, taskId);
      expect(attempts.map(({ attempt }) => attempt)).toEqual(submissions.map((_, index) => index + 1));
      expect(attempts.map(({ captchaId }) => captchaId)).toEqual(submissions.map(({ captchaId }) => captchaId));
    }
  },
  'a task is solved exactly where a poll found its solution': ({ calls, outcomes }) => {
    for (const { taskId, status } of outcomes) {
      const last = calls.findLast((call) => call.taskId === taskId);
      const { status: before } = { status: last?.type === 'poll' && last.fault === null };
      if (status === 'solved') expect(before).toBe(true);
    }
  },
  'every retry has its token, and the tokens keep to burst + rate·t in any window': ({ calls, ...course }) => {
    const { burst, maxRetriesPerSecond } = course.scenario.budget;
    const tokens = [...course.tokensAtMs].sort((a, b) => a - b);
    const retries = resubmissions({ calls, ...course }).map(({ submission }) => submission.sentMs);
    retries.sort((a, b) => a - b);
    retries.forEach((sentMs, index) => expect(tokens[index]).toBeLessThan(sentMs + rounding));
    tokens.forEach((fromMs, first) =>
      tokens.slice(first).forEach((toMs, more) => {
        const bound = burst + (maxRetriesPerSecond * (toMs - fromMs)) / 1_000;
        expect(more + 1).toBeLessThanOrEqual(bound + rounding);
      }),
    );
  },
  'every pass of the breaker is given back once': ({ passes }) => {
    expect([...passes.values()].filter((count) => count !== 1)).toEqual([]);
  },
  'nothing is submitted once it was stopped': ({ calls, scenario }) => {
    const submittedMs = calls.filter(({ type }) => type === 'submit').map(({ sentMs }) => sentMs);
    // At the moment of the stop itself, what was to wake earlier comes first.
    expect(Math.max(0, ...submittedMs)).toBeLessThanOrEqual(scenario.stopAtMs ?? Infinity);
  },
};

describe('whatever the service does', () => {
  it.each(Object.entries(laws))('%s', async (_sentence, law) => {
    await fc.assert(
      fc.asyncProperty(aScenario, async (scenario) => law(await play(scenario))),
      { numRuns: 150 },
    );
  });

  it('the same seed makes the same calls', async () => {
    await fc.assert(
      fc.asyncProperty(aScenario, async (scenario) => {
        expect(await play(scenario)).toEqual(await play(scenario));
      }),
      { numRuns: 50 },
    );
  });
});
