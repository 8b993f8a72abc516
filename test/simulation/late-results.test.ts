import { describe, expect, it } from 'vitest';
import type { Breaker } from '../../src/ports/state.ts';
import type { Clock } from '../../src/ports/system.ts';
import { aFault, aTask, someTasks } from '../support/builders.ts';
import { SeededGenerator } from '../support/seeded-generator.ts';
import { CrashingProcess } from '../support/crashing-process.ts';
import type { Call, Script } from '../support/scripted-api.ts';
import { aHarness, usualBreaker, usualBudget } from '../support/solver-harness.ts';
import { guardOf } from './guard.ts';
import type { ProtectionSchedule } from './schedule.ts';

const down = aFault();
const secondMs = 1_000;
/** Sent before the breaker opens, answered during its probe: no break is shorter than 5 s or longer than 7.5 s. */
const lateMs = 9_000;
const probeMs = 10_000;

type End = 'success' | 'failure';
type Step = Script<'accepted'>[number];

const ended = (end: End, latencyMs: number): Step =>
  end === 'success' ? { latencyMs, answer: 'accepted' } : { latencyMs, fault: down };

function breakerOf(sharing: ProtectionSchedule['sharing']): (breaker: Breaker, clock: Clock) => Breaker {
  const breaker = { ...usualBreaker, consecutiveFailures: 2, failureRatio: null };
  const options = { sharing, answerMs: 0, budget: usualBudget, breaker };
  return (_plain, clock) =>
    guardOf(options, { clock, generator: new SeededGenerator(1) })(new CrashingProcess('p', Infinity), clock).breaker;
}

/**
 * Two submissions fail at once and open the breaker. A third, sent with them, is answered late, during the probe of
 * later callers. Returns the probe and the submissions after it.
 */
async function played(sharing: ProtectionSchedule['sharing'], late: End, probe: End): Promise<[Call, ...Call[]]> {
  const submits = ({ taskId }: { taskId: string }): Script<'accepted'> => {
    if (taskId === 'late') return [ended(late, lateMs), ended('success', 100)];
    if (taskId.startsWith('bad')) return [ended('failure', 100)];
    return [ended(probe, probeMs), ended('success', 100)];
  };
  const limits = { maxAttempts: 1, maxUnsolvable: 3 };
  const harness = aHarness({
    wrapBreaker: breakerOf(sharing),
    answers: { submits },
    options: { onExhausted: 'pause', limits },
  });
  const begin = (taskId: string): unknown => harness.solver.solve(aTask({ taskId }), harness.stop.signal);
  ['late', 'bad1', 'bad2'].forEach(begin);
  void harness.clock.sleep(secondMs).then(() => someTasks(10).forEach(({ taskId }) => begin(taskId)));
  await harness.clock.run();
  const [first, ...others] = harness.api.submissions.filter(({ sentMs }) => sentMs > secondMs);
  expect(first?.sentMs).toBeLessThan(lateMs);
  expect(first?.endedMs).toBeGreaterThan(lateMs + 5 * secondMs);
  return [first!, ...others];
}

describe.each(['object', 'log'] as const)(
  'an answer from before the break, with the breaker shared by %s',
  (sharing) => {
    it.each([
      ['success', 'success'],
      ['success', 'failure'],
      ['failure', 'success'],
      ['failure', 'failure'],
    ] as const)('that is a %s lets nobody through beside the probe, which is a %s', async (late, probe) => {
      const [{ endedMs }, ...others] = await played(sharing, late, probe);
      expect(others.filter(({ sentMs }) => sentMs < endedMs)).toEqual([]);
      expect(others.length).toBeGreaterThanOrEqual(9);
    });

    it.each(['success', 'failure'] as const)(
      'that is a %s does not prevent the probe from closing the breaker',
      async (late) => {
        const [{ endedMs }, next] = await played(sharing, late, 'success');
        expect(next!.sentMs - endedMs).toBeLessThan(2 * secondMs);
      },
    );

    it.each(['success', 'failure'] as const)(
      'that is a %s does not shorten the break after the probe',
      async (late) => {
        const [{ endedMs }, next] = await played(sharing, late, 'failure');
        // The second break is twice the first.
        expect(next!.sentMs - endedMs).toBeGreaterThanOrEqual(2 * usualBreaker.breakDurationMs);
      },
    );
  },
);
