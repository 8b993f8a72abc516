import type { SolverApi } from '../../src/ports/api.ts';
import type { VirtualTime } from '../../src/ports/simulation.ts';
import type { Random } from '../../src/ports/system.ts';
import type { BackoffOptions, ComparedStrategy } from '../../src/core/resilience/backoff.ts';
import { Solver } from '../../src/core/solve/solver.ts';
import {
  neverAborted,
  noResilience,
  simulatedTask,
  type SimulationEnv,
} from '../../src/core/simulation/environment.ts';
import { immediatePolls } from './policies.ts';
import { figure, type PublishedTable } from './published-table.ts';

const clients = 1_000;
const outageMs = 120_000;
const binMs = 100;
/** A storm: at least this share of the clients within one bin. */
const togetherShare = 0.5;
/** The peak is measured after this time, when the waits have grown. */
const settledMs = 60_000;
/** Converged: the average wait is this multiple of the first one. */
const grown = 4;

const rows: readonly (readonly [strategy: ComparedStrategy, baseDelayMs: number, risk: string, convergence: string])[] =
  [
    ['fixed', 5_000, 'high', 'none'],
    ['linear', 5_000, 'medium', 'slow'],
    ['exponential', 1_000, 'medium', 'fast'],
    ['full-jitter', 1_000, 'low', 'fast'],
    ['decorrelated-jitter', 1_000, 'lowest', 'fast'],
    ['equal-jitter', 1_000, '', ''],
    ['aws-decorrelated', 1_000, '', ''],
  ];

/** The waits of all clients before their n-th retry. */
interface Step {
  count: number;
  startsMs: number;
  waitsMs: number;
}

/** Clients that start in the same moment of an outage and retry until it is over. */
class ClientGroup {
  readonly #clock: VirtualTime;
  readonly #never = neverAborted();
  readonly #random: Random;
  readonly #api: SolverApi;
  readonly #bins: number[] = Array.from({ length: outageMs / binMs }, () => 0);
  readonly #steps: Step[] = [];

  constructor(env: SimulationEnv, seed: number) {
    this.#clock = env.clock();
    this.#random = env.random(seed);
    const outage = { fromMs: 0, toMs: Infinity };
    const model = { outage, roundTripMs: [0, 0], solveMs: [0, 0], capacity: null } as const;
    const watch = { submission: () => this.#submission(), poll: () => undefined, solved: () => undefined };
    this.#api = env.service(model, { clock: this.#clock, random: this.#random, watch });
  }

  async meet(backoff: BackoffOptions): Promise<void> {
    const solver = new Solver(
      { timeoutMs: Infinity, limits: { maxAttempts: Infinity, maxUnsolvable: 1 }, backoff, onExhausted: 'fail' },
      {
        ...noResilience,
        ...{ api: this.#api, clock: this.#clock, random: this.#random, timing: () => immediatePolls },
        emit: (event) => {
          if (event.type === 'retrying') this.#wait(event.attempt, event.waitMs);
        },
      },
    );
    for (let client = 0; client < clients; client += 1) void solver.solve(simulatedTask(client), this.#never);
    await this.#clock.advance(outageMs);
  }

  /** Retries per bin, without the simultaneous first attempts. */
  get #retries(): readonly number[] {
    return this.#bins.map((count, bin) => (bin === 0 ? Math.max(0, count - clients) : count));
  }

  get submissionsPerClient(): number {
    return this.#bins.reduce((sum, count) => sum + count, 0) / clients;
  }

  /** Number of bins in which half of the clients retried together. */
  get storms(): number {
    return this.#retries.filter((count) => count >= togetherShare * clients).length;
  }

  get peakOverMean(): number {
    const settled = this.#bins.slice(settledMs / binMs);
    return Math.max(...settled) / (settled.reduce((sum, count) => sum + count, 0) / settled.length);
  }

  /** When the average wait had grown, in ms; null if it did not. */
  get convergedMs(): number | null {
    const [first] = this.#steps;
    if (first === undefined) return null;
    const averageMs = ({ waitsMs, count }: Step): number => waitsMs / count;
    const step = this.#steps.find((each) => averageMs(each) >= grown * averageMs(first));
    return step === undefined ? null : step.startsMs / step.count;
  }

  #submission(): void {
    const bin = Math.floor(this.#clock.nowMs() / binMs);
    this.#bins[bin] = (this.#bins[bin] ?? 0) + 1;
  }

  #wait(retry: number, waitMs: number): void {
    const step = (this.#steps[retry - 1] ??= { count: 0, startsMs: 0, waitsMs: 0 });
    step.count += 1;
    step.startsMs += this.#clock.nowMs();
    step.waitsMs += waitMs;
  }
}

/** The article's comparison of backoff strategies, with numbers instead of words. */
export async function strategyTable(env: SimulationEnv, seed: number): Promise<PublishedTable> {
  const table: PublishedTable['rows'][number][] = [];
  for (const [strategy, baseDelayMs, risk, convergence] of rows) {
    const clientGroup = new ClientGroup(env, seed);
    await clientGroup.meet({ strategy, baseDelayMs, maxDelayMs: 30_000 });
    const converged = clientGroup.convergedMs;
    const words = risk === '' ? '' : ` (risk ${risk}, ${convergence})`;
    table.push({
      name: `${strategy}${words}`,
      figures: [
        figure(clientGroup.storms),
        figure(clientGroup.peakOverMean),
        figure(converged === null ? null : converged / 1_000),
        figure(clientGroup.submissionsPerClient),
      ],
    });
  }
  return {
    title: "The article's backoff strategies, its words as numbers",
    about:
      '1000 clients meet an outage of 120 s in the same moment and retry until it is over; cap 30 s. Storms: how often half of ' +
      'them come within 100 ms. Peak: the most within 100 ms over the average, after a minute. Converged: when the average ' +
      'wait has become four times the first (never: -).',
    head: ['strategy (in the article)', 'storms', 'peak / average', 'converged s', 'submissions per client'],
    rows: table,
  };
}
