import type { VirtualTime } from '../../src/ports/simulation.ts';
import type { RetryBudget } from '../../src/ports/state.ts';
import type { Random } from '../../src/ports/system.ts';
import { type ComparedStrategy, startBackoff } from '../../src/core/resilience/backoff.ts';
import { ProcessRetryBudget } from '../../src/core/resilience/retry-budget.ts';
import type { SimulationEnv } from '../../src/core/simulation/environment.ts';
import { figure, forSeeds, mean, type PublishedTable } from './published-table.ts';

const baseDelayMs = 5;
const maxDelayMs = 2_000;
const hopMs = { mean: 10, deviation: 2 };
/** Long enough for a read, its answer, and the write after it. */
const slotMs = 30;

/** Calls and completion time in ms of the published simulator, for 100 and for 190 clients. */
type Published = readonly [calls: number, doneMs: number, calls: number, doneMs: number];

/** A strategy, or `paced`: the production budget grants one later slot after another. */
type Way = ComparedStrategy | 'paced';

const rows: readonly (readonly [name: string, way: Way, published: Published | null])[] = [
  ['no backoff', 'none', [2420, 2013, 7993, 3527]],
  ['exponential', 'exponential', [1871, 63924, 5190, 100640]],
  ['equal jitter', 'equal-jitter', [812, 6838, 1755, 9547]],
  ['full jitter', 'full-jitter', [794, 4886, 1772, 7552]],
  ['decorrelated, as published', 'aws-decorrelated', [1016, 4691, 2447, 7952]],
  ['decorrelated-jitter', 'decorrelated-jitter', null],
  ['one budget, 30 ms a token', 'paced', null],
];

/** Box and Muller, 1958; the second variate of the pair is not needed. */
function hop(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return Math.abs(hopMs.mean + hopMs.deviation * radius * Math.cos(2 * Math.PI * random.next()));
}

/** Clients that all want to write the same row once, based on the version that they have read. */
class Contention {
  readonly #clock: VirtualTime;
  readonly #random: Random;
  readonly #way: Way;
  readonly #pacer: RetryBudget;
  #version = 0;
  #calls = 0;
  #doneMs = 0;

  constructor(way: Way, seed: number, env: SimulationEnv) {
    this.#way = way;
    this.#clock = env.clock();
    this.#random = env.random(seed);
    const perSecond = 1_000 / slotMs;
    const options = { ratio: null, minRetriesPerSecond: 0, maxRetriesPerSecond: perSecond, burst: 1 };
    this.#pacer = new ProcessRetryBudget(options, { clock: this.#clock });
  }

  async run(clients: number): Promise<{ calls: number; doneMs: number }> {
    for (let client = 0; client < clients; client += 1) void this.#update();
    await this.#clock.run();
    return { calls: this.#calls, doneMs: this.#doneMs };
  }

  async #update(): Promise<void> {
    const waitMs = this.#waits();
    await this.#clock.sleep(this.#hops(1));
    for (let retry = 1; !(await this.#tryWrite()); retry += 1) {
      await this.#clock.sleep(this.#hops(2) + (await waitMs(retry)));
    }
    this.#doneMs = Math.max(this.#doneMs, this.#clock.nowMs() + this.#hops(1));
  }

  async #tryWrite(): Promise<boolean> {
    const seen = this.#version;
    await this.#clock.sleep(this.#hops(2));
    this.#calls += 1;
    if (seen !== this.#version) return false;
    this.#version += 1;
    return true;
  }

  #waits(): (retry: number) => number | Promise<number> {
    if (this.#way !== 'paced') {
      return startBackoff({ strategy: this.#way, baseDelayMs, maxDelayMs }, this.#random);
    }
    return async () => {
      const place = await this.#pacer.tryWithdraw({ onExhausted: 'wait', maxWaitMs: Infinity, taskId: '' });
      return place.granted ? place.waitMs : Infinity;
    };
  }

  #hops(count: number): number {
    return count === 1 ? hop(this.#random) : hop(this.#random) + hop(this.#random);
  }
}

async function contend(way: Way, clients: number, env: SimulationEnv & { seed: number; runs: number }) {
  const runs = await forSeeds(env.seed, env.runs, (seed) => new Contention(way, seed, env).run(clients));
  return { calls: mean(runs.map(({ calls }) => calls)), doneMs: mean(runs.map(({ doneMs }) => doneMs)) };
}

/** M. Brooker, *Exponential Backoff and Jitter*, AWS Architecture Blog 2015, with the production backoff. */
export async function awsContention(env: SimulationEnv, seed: number): Promise<PublishedTable> {
  const few = { ...env, seed, runs: 20 };
  const table: PublishedTable['rows'][number][] = [];
  for (const [name, way, published] of rows) {
    const [small, large] = [await contend(way, 100, few), await contend(way, 190, { ...few, runs: 10 })];
    const values = [small.calls, small.doneMs, large.calls, large.doneMs];
    table.push({ name, figures: values.map((value, index) => figure(value, published?.[index] ?? null)) });
  }
  return {
    title: 'Competing clients: calls, and time until the last is done',
    about:
      'All clients write one row with optimistic locking; base 5 ms, cap 2 s. In brackets: the simulator of "Exponential ' +
      'Backoff and Jitter" (AWS Architecture Blog, 2015).',
    head: ['strategy', '100: calls', '100: ms', '190: calls', '190: ms'],
    rows: table,
  };
}
