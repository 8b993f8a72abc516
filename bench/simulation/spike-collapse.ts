import type { SolverApi } from '../../src/ports/api.ts';
import type { VirtualTime } from '../../src/ports/simulation.ts';
import type { Random } from '../../src/ports/system.ts';
import { Solver, type SolverOptions } from '../../src/core/solve/solver.ts';
import {
  neverAborted,
  createSimulatedResilience,
  type ResiliencePlan,
  simulatedTask,
  type SimulationEnv,
} from '../../src/core/simulation/environment.ts';
import { publishedBudget, immediatePolls, defaultBreaker, defaultBudget } from './policies.ts';
import { LoadGenerator } from '../../src/core/simulation/load-generator.ts';
import { type Figure, figure, forSeeds, mean, type PublishedTable } from './published-table.ts';

const model = { serviceMs: 1_000, contentionMs: 10, networkMs: 100, timeoutMs: 3_000 };
const normalPerSecond = 40;
const spike = { fromMs: 20_000, toMs: 25_000 };
const durationMs = 150_000;
const lastMinuteMs = 60_000;
const spikesPerSecond = [120, 160];
const runs = 2;
/** Number of client processes, for rows with a budget per process. */
const processes = 50;
/** Recovered: nearly all tasks that start in the next `seconds` seconds are solved. */
const calm = { seconds: 10, successRatio: 0.95 };

type Backoff = SolverOptions['backoff'];

interface Row {
  readonly name: string;
  readonly backoff: Backoff;
  readonly plan: ResiliencePlan;
  readonly isShared: boolean;
  /** Published success ratios in the last minute, for the smaller and the larger spike. */
  readonly published: readonly [number, number] | null;
}

const atOnceAgain: Backoff = { strategy: 'none', baseDelayMs: 0, maxDelayMs: 0 };
const slow: Backoff = { strategy: 'full-jitter', baseDelayMs: 10_000, maxDelayMs: 40_000 };
const usual: Backoff = { strategy: 'full-jitter', baseDelayMs: 1_000, maxDelayMs: 30_000 };
const nothing: ResiliencePlan = { budget: null, breaker: null };

const rows: readonly Row[] = [
  { name: 'no backoff', backoff: atOnceAgain, plan: nothing, isShared: true, published: [0, 0] },
  { name: 'full jitter up to 20 and 40 s', backoff: slow, plan: nothing, isShared: true, published: [0, 0] },
  { name: 'full jitter 1 to 30 s', backoff: usual, plan: nothing, isShared: true, published: [0, 0] },
  {
    ...{ name: '10/s in each of 50 processes (article)', backoff: usual, isShared: false },
    ...{ plan: { budget: publishedBudget, breaker: null }, published: [0, 0] },
  },
  {
    ...{ name: 'shared budget (ours)', backoff: usual, isShared: true },
    ...{ plan: { budget: defaultBudget, breaker: null }, published: [1, 1] },
  },
  {
    ...{ name: 'shared budget and breaker (ours)', backoff: usual, isShared: true },
    ...{ plan: { budget: defaultBudget, breaker: defaultBreaker }, published: [1, 1] },
  },
];

/** The tasks that started in one second. */
interface Second {
  begun: number;
  solved: number;
}

interface Timeline {
  /** Success ratio of the tasks that started in the last minute, 0..1. */
  readonly success: number;
  /** Time from the end of the spike, in seconds; null if it never recovered. */
  readonly recoveryS: number | null;
  readonly lost: number;
}

const successOf = (seconds: readonly Second[]): number => {
  const begun = seconds.reduce((sum, second) => sum + second.begun, 0);
  return begun === 0 ? 1 : seconds.reduce((sum, second) => sum + second.solved, 0) / begun;
};

/** Randomly arriving tasks, with a spike, at a service that slows down under load. */
class Spike {
  readonly #row: Row;
  readonly #clock: VirtualTime;
  readonly #never = neverAborted();
  readonly #random: Random;
  readonly #api: SolverApi;
  readonly #seconds: Second[] = Array.from({ length: durationMs / 1_000 }, () => ({ begun: 0, solved: 0 }));

  constructor(row: Row, env: SimulationEnv, seed: number) {
    this.#row = row;
    this.#clock = env.clock();
    this.#random = env.random(seed);
    const watch = new LoadGenerator(this.#clock);
    this.#api = env.createThrashingApi(model, { clock: this.#clock, random: this.#random, watch });
  }

  async run(spikePerSecond: number): Promise<Timeline> {
    void this.#arrive(spikePerSecond);
    await this.#clock.run();
    const after = spike.toMs / 1_000;
    const isCalm = (_: Second, at: number): boolean =>
      at >= after && successOf(this.#seconds.slice(at, at + calm.seconds)) >= calm.successRatio;
    const recovered = this.#seconds.findIndex(isCalm);
    return {
      success: successOf(this.#seconds.slice(-lastMinuteMs / 1_000)),
      recoveryS: recovered < 0 ? null : recovered - after,
      lost: this.#seconds.reduce((sum, { begun, solved }) => sum + begun - solved, 0),
    };
  }

  async #arrive(spikePerSecond: number): Promise<void> {
    const solvers = Array.from({ length: this.#row.isShared ? 1 : processes }, () => this.#solver());
    for (let count = 0; ; count += 1) {
      const nowMs = this.#clock.nowMs();
      const perSecond = nowMs >= spike.fromMs && nowMs < spike.toMs ? spikePerSecond : normalPerSecond;
      await this.#clock.sleep((-Math.log(1 - this.#random.next()) * 1_000) / perSecond);
      if (this.#clock.nowMs() >= durationMs) return;
      void this.#solve(solvers[count % solvers.length] as Solver, count);
    }
  }

  async #solve(solver: Solver, count: number): Promise<void> {
    const second = this.#seconds[Math.floor(this.#clock.nowMs() / 1_000)] as Second;
    second.begun += 1;
    const { status } = await solver.solve(simulatedTask(count), this.#never);
    if (status === 'solved') second.solved += 1;
  }

  #solver(): Solver {
    const { backoff, plan } = this.#row;
    const options: SolverOptions = {
      timeoutMs: Infinity,
      limits: { maxAttempts: 3, maxUnsolvable: 1 },
      backoff,
      onExhausted: 'fail',
    };
    const deps = { clock: this.#clock, random: this.#random };
    const rest = { api: this.#api, emit: () => undefined, timing: () => immediatePolls };
    return new Solver(options, { ...deps, ...createSimulatedResilience(plan, deps), ...rest });
  }
}

async function figuresOf(row: Row, spikePerSecond: number, env: SimulationEnv & { seed: number }): Promise<Figure[]> {
  const histories = await forSeeds(env.seed, runs, (seed) => new Spike(row, env, seed).run(spikePerSecond));
  const published = row.published?.[spikesPerSecond.indexOf(spikePerSecond)] ?? null;
  const recoveries = histories.flatMap(({ recoveryS }) => recoveryS ?? []);
  return [
    figure(mean(histories.map(({ success }) => success)), published),
    figure(recoveries.length === runs ? mean(recoveries) : null),
    figure(mean(histories.map(({ lost }) => lost))),
  ];
}

/** M. Brooker, *Metastability and Distributed Systems*, 2021: the after-effects of a short spike. */
export async function spikeCollapse(env: SimulationEnv, seed: number): Promise<PublishedTable> {
  const table: PublishedTable['rows'][number][] = [];
  for (const row of rows) {
    const figures: Figure[] = [];
    for (const perSecond of spikesPerSecond) figures.push(...(await figuresOf(row, perSecond, { ...env, seed })));
    table.push({ name: row.name, figures });
  }
  const headOf = (perSecond: number): string[] =>
    ['success', 'recovery s', 'lost'].map((name) => `${perSecond}/s: ${name}`);
  return {
    title: 'After a spike: success in the last minute, time until all is well, tasks given up',
    about:
      `${normalPerSecond} tasks per second at a service that takes 1 s and 10 ms more for each request in it; clients wait ` +
      `3 s. For 5 s there come more. Averages over ${runs} seeds. In brackets: an independent simulation, after M. Brooker, ` +
      '"Metastability and Distributed Systems" (2021).',
    head: ['three attempts each', ...spikesPerSecond.flatMap(headOf)],
    rows: table,
  };
}
