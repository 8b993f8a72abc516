import { seededRandom } from '../../src/adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../../src/adapters/virtual/virtual-clock.ts';
import { noResilience, simulatedTask } from '../../src/core/simulation/environment.ts';
import type { PollTiming } from '../../src/core/solve/poll-pacing.ts';
import { PollPlanner } from '../../src/core/solve/poll-plan.ts';
import { SolveTimes } from '../../src/core/solve/solve-times.ts';
import { Solver } from '../../src/core/solve/solver.ts';
import type { SolverApi } from '../../src/ports/api.ts';
import type { Random } from '../../src/ports/system.ts';
import { findMethod } from '../../src/protocol/methods.ts';
import { someOptions } from './builders.ts';

/** How long a service takes to solve a task, in ms. */
export type SolveTimeModel = (random: Random) => number;

const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());

/** Log-normal, by its median in seconds. */
const logNormal =
  (median: number, sigma: number): SolveTimeModel =>
  (random) =>
    1_000 * median * Math.exp(sigma * normal(random));

/** Uniform, in seconds. */
const between =
  (from: number, to: number): SolveTimeModel =>
  (random) =>
    1_000 * (from + (to - from) * random.next());

const either =
  (one: SolveTimeModel, other: SolveTimeModel): SolveTimeModel =>
  (random) =>
    random.next() < 0.5 ? one(random) : other(random);

/** Services with the method whose cold start is theirs. */
export const solveTimeModels: Readonly<Record<string, readonly [method: string, model: SolveTimeModel]>> = {
  'image 0.6 s': ['base64', logNormal(0.6, 0.4)],
  'image 8 s (human)': ['base64', logNormal(8, 0.3)],
  'turnstile 6 s': ['turnstile', logNormal(6, 0.4)],
  'reCAPTCHA v3 5 s': ['userrecaptcha', logNormal(5, 0.4)],
  'reCAPTCHA v2 15 s': ['userrecaptcha', logNormal(15, 0.5)],
  'reCAPTCHA v2 36 s': ['userrecaptcha', logNormal(36, 0.4)],
  'two populations 3 s / 20 s': ['turnstile', either(logNormal(3, 0.2), logNormal(20, 0.2))],
  'image 0.4 s to 0.8 s': ['base64', between(0.4, 0.8)],
  'turnstile 4 s to 8 s': ['turnstile', between(4, 8)],
};

/** One solved task: from ready to delivered, and the polls of its id. */
export interface Delivery {
  readonly delayMs: number;
  readonly polls: number;
}

/** A poll each five seconds from the submission on, as in the article. */
export function articleDelivery(solveMs: number): Delivery {
  const polls = Math.max(1, Math.ceil(solveMs / 5_000));
  return { delayMs: polls * 5_000 - solveMs, polls };
}

export interface Deliveries {
  /** In the order of the tasks. */
  readonly shipped: readonly Delivery[];
  readonly article: readonly Delivery[];
}

/** One task after the other, by the shipping solver and planner in virtual time, from a cold start on. */
export async function deliveriesOf(name: string, tasks: number, seed: number): Promise<Deliveries> {
  const [method, model] = solveTimeModels[name]!;
  const [clock, random] = [new VirtualClock(), seededRandom(seed)];
  const [shipped, article]: [Delivery[], Delivery[]] = [[], []];
  let [readyMs, polls] = [0, 0];
  const api: SolverApi = {
    submit: async () => {
      const solveMs = model(random);
      article.push(articleDelivery(solveMs));
      [readyMs, polls] = [clock.nowMs() + solveMs, 0];
      return 'id';
    },
    poll: async () => {
      polls += 1;
      return clock.nowMs() < readyMs ? { ready: false } : { ready: true, solution: { text: 'token', fields: {} } };
    },
  };
  const { coldStartMs, intervalMs } = findMethod(method, {});
  const timing: PollTiming = { firstWaitMs: null, intervalMs, coldStartMs, lifetimeMs: null };
  const planner = new PollPlanner(new SolveTimes(null, { clock }));
  const deps = { api, clock, random, planner, ...noResilience, emit: () => undefined, timing: () => timing };
  const solver = new Solver(someOptions(), deps);
  const solveAll = async (): Promise<void> => {
    const { signal } = new AbortController();
    for (let task = 0; task < tasks; task += 1) {
      const { status } = await solver.solve({ ...simulatedTask(task), method }, signal);
      if (status !== 'solved') throw new Error('the modelled service solves every task');
      shipped.push({ delayMs: clock.nowMs() - readyMs, polls });
    }
  };
  await Promise.all([solveAll(), clock.run()]);
  return { shipped, article };
}

/** Delay in seconds, and polls per task. */
export function figuresOf(deliveries: readonly Delivery[]): { mean: number; p95: number; polls: number } {
  const delays = deliveries.map(({ delayMs }) => delayMs / 1_000).sort((a, b) => a - b);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    mean: mean(delays),
    p95: delays[Math.floor(delays.length * 0.95)]!,
    polls: mean(deliveries.map(({ polls }) => polls)),
  };
}
