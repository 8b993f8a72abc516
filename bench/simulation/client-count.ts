import type { SolverApi } from '../../src/ports/api.ts';
import type { VirtualTime } from '../../src/ports/simulation.ts';
import type { RetryBudget } from '../../src/ports/state.ts';
import type { Random } from '../../src/ports/system.ts';
import { ProcessRetryBudget, type RetryBudgetOptions } from '../../src/core/resilience/retry-budget.ts';
import { Solver, type SolverOptions } from '../../src/core/solve/solver.ts';
import {
  neverAborted,
  noResilience,
  simulatedTask,
  type SimulationEnv,
} from '../../src/core/simulation/environment.ts';
import { publishedBudget, immediatePolls, defaultBudget } from './policies.ts';
import { LoadGenerator } from '../../src/core/simulation/load-generator.ts';
import { figure, type PublishedTable } from './published-table.ts';

const callsPerSecond = 100;
const durationMs = 10_000;
const clientCounts = [10, 100, 1_000];

const brookersBudget = { ratio: 0.1, minRetriesPerSecond: 0, maxRetriesPerSecond: Infinity, burst: 5 };

const options: SolverOptions = {
  timeoutMs: Infinity,
  limits: { maxAttempts: 4, maxUnsolvable: 1 },
  backoff: { strategy: 'none', baseDelayMs: 0, maxDelayMs: 0 },
  onExhausted: 'fail',
};

interface Row {
  readonly name: string;
  readonly budget: RetryBudgetOptions;
  readonly isShared: boolean;
  /** Every first attempt earns tokens, not only accepted ones. */
  readonly callsEarn?: true;
  readonly published: readonly number[];
}

const rows: readonly Row[] = [
  {
    name: '0.1 a call, size 5, in each client',
    budget: brookersBudget,
    isShared: false,
    callsEarn: true,
    published: [1.14, 1.53, 3.79],
  },
  { name: '10/s, in each client (article)', budget: publishedBudget, isShared: false, published: [2.09, 4, 4] },
  {
    name: '0.1 a call, size 5, shared',
    budget: brookersBudget,
    isShared: true,
    callsEarn: true,
    published: [1.1, 1.1, 1.1],
  },
  { name: '10/s, shared', budget: publishedBudget, isShared: true, published: [1.11, 1.11, 1.11] },
  { name: '0.1 an accepted one, shared (ours)', budget: defaultBudget, isShared: true, published: [] },
];

type Call = () => Promise<void>;

/** A constant load on a service that is down, distributed over a number of clients. */
class SpreadLoad {
  readonly #row: Row;
  readonly #clock: VirtualTime;
  readonly #never = neverAborted();
  readonly #random: Random;
  readonly #traffic: LoadGenerator;
  readonly #api: SolverApi;
  #calls = 0;

  constructor(row: Row, env: SimulationEnv, seed: number) {
    this.#row = row;
    this.#clock = env.clock();
    this.#random = env.random(seed);
    this.#traffic = new LoadGenerator(this.#clock);
    const outage = { fromMs: 0, toMs: Infinity };
    const model = { outage, roundTripMs: [5, 15], solveMs: [0, 0], capacity: null } as const;
    this.#api = env.service(model, { clock: this.#clock, random: this.#random, watch: this.#traffic });
  }

  /** Submissions per call. */
  async amplification(clients: number): Promise<number> {
    const shared = this.#row.isShared ? this.#client() : null;
    for (let client = 0; client < clients; client += 1) void this.#load(shared ?? this.#client(), clients);
    await this.#clock.run();
    return this.#traffic.submissionCount / this.#calls;
  }

  #client(): Call {
    const deps = { api: this.#api, clock: this.#clock, random: this.#random };
    const budget: RetryBudget = new ProcessRetryBudget(this.#row.budget, deps);
    const { breaker } = noResilience;
    const solver = new Solver(options, {
      ...deps,
      budget,
      breaker,
      emit: () => undefined,
      timing: () => immediatePolls,
    });
    return async () => {
      this.#calls += 1;
      if (this.#row.callsEarn === true) await budget.deposit();
      await solver.solve(simulatedTask(this.#calls), this.#never);
    };
  }

  async #load(call: Call, clients: number): Promise<void> {
    const gapMs = (1_000 * clients) / callsPerSecond;
    // Gaps are uniform up to twice the average, so that clients neither run in step nor call in bursts.
    for (let atMs = this.#random.next() * gapMs; atMs < durationMs; atMs += 2 * this.#random.next() * gapMs) {
      await this.#clock.sleep(atMs - this.#clock.nowMs());
      void call();
    }
  }
}

/**
 * M. Brooker, *Fixing retries with token buckets and circuit breakers*, 2022, with the production solver and budget.
 */
export async function clientCount(env: SimulationEnv, seed: number): Promise<PublishedTable> {
  const table: PublishedTable['rows'][number][] = [];
  for (const row of rows) {
    const values: number[] = [];
    for (const clients of clientCounts) values.push(await new SpreadLoad(row, env, seed).amplification(clients));
    table.push({ name: row.name, figures: values.map((value, index) => figure(value, row.published[index])) });
  }
  return {
    title: 'One load, ever more clients: submissions per task while the service is down',
    about:
      '100 tasks per second for 10 s, four attempts each, no backoff. In brackets: the same in a simulation after M. Brooker, ' +
      '"Fixing retries with token buckets and circuit breakers" (2022). A budget in each client is none when there are ' +
      'many of them; one that deposits per accepted submission earns nothing in an outage.',
    head: ['retry budget', ...clientCounts.map((count) => `${count} clients`)],
    rows: table,
  };
}
