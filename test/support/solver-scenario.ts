import fc from 'fast-check';
import type { SolverOptions } from '../../src/core/solve/solver.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { Breaker, Permit, RetryBudget } from '../../src/ports/state.ts';
import { aTask } from './builders.ts';
import type { Call, Script } from './scripted-api.ts';
import { aHarness, type SolverHarness, usualBreaker } from './solver-harness.ts';
import { somePolls, someSubmits } from './some-faults.ts';

/** Tasks with the service's answers, and all relevant options. */
export const aScenario = fc.record({
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

export type Scenario = typeof aScenario extends fc.Arbitrary<infer T> ? T : never;

/** Everything visible of a scenario from outside. */
export interface PlayedScenario {
  readonly scenario: Scenario;
  readonly calls: readonly Call[];
  readonly outcomes: readonly Outcome[];
  /** When each taken token may be used. */
  readonly tokensAtMs: readonly number[];
  readonly passes: ReadonlyMap<Permit, number>;
}

function scriptOf<T>(scripts: readonly Script<T>[], index: number): Script<T> {
  return scripts[index % scripts.length]!;
}

function harnessFor(scenario: Scenario): SolverHarness & Pick<PlayedScenario, 'tokensAtMs' | 'passes'> {
  const tokensAtMs: number[] = [];
  const passes = new Map<Permit, number>();
  const { tasks, options, budget, seed } = scenario;
  const scriptsOf = (taskId: string): Scenario['tasks'][number] => tasks[Number(taskId.slice(1))]!;
  const harness = aHarness({
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
      tryAcquire: async () => {
        const admission = await inner.tryAcquire();
        if (admission.admitted) passes.set(admission.permit, 0);
        return admission;
      },
      record: (pass, verdict) => {
        passes.set(pass, (passes.get(pass) ?? 0) + 1);
        return inner.record(pass, verdict);
      },
    }),
  });
  return { ...harness, tokensAtMs, passes };
}

/** Runs a scenario to its end, in virtual time. */
export async function play(scenario: Scenario): Promise<PlayedScenario> {
  const { api, clock, solver, stop, tokensAtMs, passes } = harnessFor(scenario);
  const running = scenario.tasks.map((_, index) => solver.solve(aTask({ taskId: `t${index}` }), stop.signal));
  if (scenario.stopAtMs !== null) void clock.sleep(scenario.stopAtMs).then(() => stop.abort());
  await clock.run();
  return { scenario, calls: api.calls, outcomes: await Promise.all(running), tokensAtMs, passes };
}
