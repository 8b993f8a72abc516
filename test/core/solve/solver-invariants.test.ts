import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../../src/domain/outcome.ts';
import type { Call } from '../../support/scripted-api.ts';
import { usualTiming } from '../../support/solver-harness.ts';
import { aScenario, type PlayedScenario, play } from '../../support/solver-scenario.ts';
import { runs } from '../../support/exhaustive.ts';

/** Sums of times that are no whole milliseconds. */
const rounding = 1e-6;

type Invariant = (history: PlayedScenario) => void;

const submissionsOf = (calls: readonly Call[], taskId: string): Call[] =>
  calls.filter((call) => call.type === 'submit' && call.taskId === taskId);

/** Every submission of a task but its first, with everything the task saw before it. */
function resubmissions({ calls, outcomes }: PlayedScenario): { submission: Call; before: Call[] }[] {
  return outcomes.flatMap(({ taskId }) =>
    submissionsOf(calls, taskId)
      .slice(1)
      .map((submission) => {
        const before = calls.slice(0, calls.indexOf(submission)).filter((call) => call.taskId === taskId);
        return { submission, before };
      }),
  );
}

const invariants: Record<string, Invariant> = {
  'no call is sent at or after the deadline, and none may outlive it': ({ calls, scenario }) => {
    for (const { sentMs, timeLeftMs } of calls) {
      expect(timeLeftMs).toBeGreaterThan(0);
      expect(Math.abs(sentMs + timeLeftMs - scenario.options.timeoutMs)).toBeLessThan(rounding);
    }
  },
  'every task ends by its deadline': ({ outcomes, scenario }) => {
    for (const { durationMs } of outcomes) expect(durationMs).toBeLessThan(scenario.options.timeoutMs + rounding);
  },
  'nothing is submitted after a final answer, nor after the solution': (history) => {
    for (const { before } of resubmissions(history)) {
      const { type, fault } = before.at(-1)!;
      expect(fault).not.toBe(null);
      expect(fault?.kind).not.toBe('account');
      if (fault?.kind === 'rejected') expect([type, fault.maxResubmissions]).toEqual(['submit', expect.any(Number)]);
    }
  },
  'nothing is submitted while a known id may be alive': (history) => {
    for (const { before } of resubmissions(history)) {
      const last = before.at(-1)!;
      if (last.captchaId !== null) expect([last.type, last.fault?.kind]).toEqual(['poll', 'unsolvable']);
    }
  },
  'no task is submitted more often than maxAttempts, trials for those who wait left out': (history) => {
    const { limits, onExhausted } = history.scenario.options;
    for (const { taskId, attempts } of history.outcomes) {
      const isTrial = ({ fault }: Attempt): boolean =>
        (fault?.kind === 'transport' || fault?.kind === 'timeout') && !fault.answerLost;
      const trials = onExhausted === 'wait' ? attempts.filter(isTrial).length : 0;
      expect(submissionsOf(history.calls, taskId).length - trials).toBeLessThanOrEqual(limits.maxAttempts);
    }
  },
  'an unsolvable CAPTCHA is paid for no more often than maxUnsolvable': (history) => {
    for (const { before } of resubmissions(history)) {
      const unsolvable = before.filter(({ fault }) => fault?.kind === 'unsolvable').length;
      expect(unsolvable).toBeLessThan(history.scenario.options.limits.maxUnsolvable);
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
      if (next === undefined || fault === null || fault.retryAfterMs === null) return;
      expect(next.sentMs - endedMs).toBeGreaterThan(fault.retryAfterMs - rounding);
    });
  },
  'by an age of t an id has been polled at most 2 + t / interval times, and never twice in a second': ({ calls }) => {
    for (const captchaId of new Set(calls.flatMap((call) => call.captchaId ?? []))) {
      const [submission, ...polls] = calls.filter((call) => call.captchaId === captchaId);
      polls.forEach(({ sentMs }, index) => {
        const ageMs = sentMs - submission!.endedMs;
        expect(index + 1).toBeLessThanOrEqual(2 + Math.floor(ageMs / usualTiming.intervalMs + rounding));
        if (index > 0) expect(sentMs - polls[index - 1]!.endedMs).toBeGreaterThanOrEqual(1_000 - rounding);
      });
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
      const found = calls.filter((call) => call.taskId === taskId && call.foundSolution);
      expect(found.length).toBe(status === 'solved' ? 1 : 0);
    }
  },
  'every retry has its token, and the tokens keep to burst + rate·t in any window': ({ calls, ...history }) => {
    const { burst, maxRetriesPerSecond } = history.scenario.budget;
    const tokens = [...history.tokensAtMs].sort((a, b) => a - b);
    const retries = resubmissions({ calls, ...history }).map(({ submission }) => submission.sentMs);
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
  it.each(Object.entries(invariants))('%s', async (_sentence, invariant) => {
    await fc.assert(
      fc.asyncProperty(aScenario, async (scenario) => invariant(await play(scenario))),
      { numRuns: runs(150) },
    );
  });

  it('the same seed makes the same calls', async () => {
    await fc.assert(
      fc.asyncProperty(aScenario, async (scenario) => {
        expect(await play(scenario)).toEqual(await play(scenario));
      }),
      { numRuns: runs(50) },
    );
  });
});
