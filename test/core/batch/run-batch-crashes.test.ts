import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { isBegunAgain } from '../../../src/core/batch/batch-plan.ts';
import type { StopReason } from '../../../src/core/batch/stop-rules.ts';
import { aBatch, someItems, streamOf, type Values } from '../../support/batch-harness.ts';
import { type Durable, MemoryJournal, nothingDurable } from '../../support/memory-journal.ts';
import { CrashWorld } from '../../support/crash-world.ts';
import { runs } from '../../support/exhaustive.ts';

const aBound = fc.option(fc.integer({ min: 1, max: 12 }));

const aLife = fc.record({
  /** The run is abandoned after this many steps; null for never. */
  steps: fc.option(fc.integer({ min: 0, max: 60 }), { freq: 3 }),
  faultRatio: fc.constantFrom(0, 0.2, 0.6),
  interruptAtMs: fc.option(fc.integer({ min: 0, max: 60_000 }), { freq: 2 }),
  retryFailed: fc.boolean(),
  bounds: fc.record({ maxFailures: aBound, maxSubmissions: aBound, limit: aBound }),
});

const aScenario = fc.record({
  tasks: fc.integer({ min: 1, max: 12 }),
  concurrency: fc.integer({ min: 1, max: 6 }),
  orderWindow: fc.option(fc.integer({ min: 1, max: 6 })),
  lives: fc.array(aLife, { minLength: 1, maxLength: 4 }),
  seed: fc.integer(),
});

type Life = typeof aLife extends fc.Arbitrary<infer T> ? T : never;
type Scenario = typeof aScenario extends fc.Arbitrary<infer T> ? T : never;

const lastLife: Life = {
  steps: null,
  faultRatio: 0,
  interruptAtMs: null,
  retryFailed: true,
  bounds: { maxFailures: null, maxSubmissions: null, limit: null },
};

interface Lived {
  readonly life: Life;
  /** Undefined if the run was abandoned. */
  readonly reason: StopReason | null | undefined;
  readonly rows: readonly Values[];
  readonly submissions: number;
  readonly begun: number;
}

class History {
  readonly durable: Durable = nothingDurable();
  readonly world: CrashWorld;
  readonly #scenario: Scenario;
  #nowAt = 0;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.world = new CrashWorld(seededRandom(scenario.seed));
  }

  async live(life: Life): Promise<Lived> {
    const { tasks, concurrency, orderWindow, seed } = this.#scenario;
    const { world } = this;
    world.begin({ steps: life.steps ?? Infinity, faultRatio: life.faultRatio });
    const clock = new VirtualClock(this.#nowAt);
    const journal = new MemoryJournal(this.durable, async (type, key) => {
      await world.step();
      if (type === 'submitted') world.know(key);
    });
    const options = { retryFailed: life.retryFailed, leaveInDoubt: false, resolveExpiredAt: null, orderWindow };
    const before: Values[] = [];
    for await (const finished of journal.finishedTasks()) {
      if (orderWindow === null && !isBegunAgain(finished, options)) before.push(finished.values);
    }
    const batch = aBatch({
      ...{ clock, journal, options, seed, bounds: life.bounds },
      api: () => world.api(clock),
      concurrency: { start: concurrency, max: concurrency },
      write: () => world.step(),
      liveIdIn: ({ reason, captcha_id: captchaId = '' }) =>
        reason === 'deadline-exceeded' && captchaId !== '' ? { captchaId, submittedAt: 0 } : null,
    });
    const submissionsBefore = world.submissions;
    let reason: StopReason | null | undefined;
    void batch.run(streamOf(someItems(tasks))).then((why) => (reason = why));
    if (life.interruptAtMs !== null) void clock.sleep(life.interruptAtMs).then(() => batch.interrupt.abort());
    await clock.run();
    this.#nowAt = clock.timestamp();
    const submissions = world.submissions - submissionsBefore;
    return { life, reason, rows: [...before, ...batch.rows], submissions, begun: batch.results.length };
  }
}

async function play(scenario: Scenario): Promise<{ history: History; lived: readonly Lived[]; last: Lived }> {
  const history = new History(scenario);
  const lived: Lived[] = [];
  for (const life of scenario.lives) {
    const one = await history.live(life);
    lived.push(one);
    if (one.reason === undefined) continue;
    // A run that ended by itself leaves a complete output: one row for every finished task.
    const finished = [...history.durable.progress].filter(([, { state }]) => state === 'solved' || state === 'failed');
    expect(one.rows.map((row) => row['task_id']).toSorted()).toEqual(finished.map(([key]) => key).toSorted());
  }
  return { history, lived, last: await history.live(lastLife) };
}

const invariants: Record<string, (scenario: Scenario) => Promise<void>> = {
  'every task has exactly one row in the end': async (scenario) => {
    const { last } = await play(scenario);
    const ids = someItems(scenario.tasks).map(({ key }) => key);
    expect(last.reason).toBeNull();
    expect(last.rows.map((row) => row['task_id']).toSorted()).toEqual(ids.toSorted());
  },
  'the rows are in the order of the input where that is wanted': async (scenario) => {
    const { last, lived } = await play(scenario);
    if (scenario.orderWindow === null) return;
    for (const { rows } of [...lived, last]) {
      const places = rows.map((row) => Number(row['task_id']?.slice(1)));
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }
  },
  'nothing is paid for while an id that was known may be alive': async (scenario) => {
    expect((await play(scenario)).history.world.paidTwice).toEqual([]);
  },
  'a submission whose answer never came marks its row': async (scenario) => {
    const { history, last } = await play(scenario);
    const inDoubt = history.world.accepted.filter(({ isKnown }) => !isKnown).map(({ taskId }) => taskId);
    for (const taskId of inDoubt) {
      expect(last.rows.find((row) => row['task_id'] === taskId)).toMatchObject({ possibly_charged: 'true' });
    }
  },
  'every solved row holds the solution of its own task': async (scenario) => {
    for (const row of (await play(scenario)).last.rows) {
      if (row['status'] === 'solved') expect(row['solution']).toBe(`token of ${row['task_id']}`);
    }
  },
  'no run submits or begins more than it may': async (scenario) => {
    const { lived } = await play(scenario);
    for (const { life, submissions, begun } of lived) {
      expect(submissions).toBeLessThanOrEqual(life.bounds.maxSubmissions ?? Infinity);
      expect(begun).toBeLessThanOrEqual(life.bounds.limit ?? Infinity);
    }
  },
};

describe('a batch that is abandoned at any step and run again', () => {
  it.each(Object.entries(invariants))('%s', async (_sentence, invariant) => {
    await fc.assert(fc.asyncProperty(aScenario, invariant), { numRuns: runs(150) });
  });
});
