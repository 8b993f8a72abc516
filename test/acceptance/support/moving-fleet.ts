import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Ledger, type Row, rowsIn } from './batch.ts';
import type { Bench } from './bench.ts';
import { type Fleet, type FleetParts, regionalCsv, type RegionName, regions } from './fleet.ts';
import type { Running } from './running.ts';

export interface MovingStressTest {
  readonly rows: number;
  readonly steps: number;
  /** True if workers and movers are killed; otherwise they are stopped without time to finish. */
  readonly kills: boolean;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly longestMs: number;
  readonly open: (bench: Bench, parts: FleetParts) => Promise<Fleet>;
}

export interface MovingEnd {
  readonly rows: readonly Row[];
  readonly ledger: Ledger;
  /** The steps so far, for diagnosing a failure. */
  readonly steps: readonly string[];
}

const batch = ['batch', 'tasks.csv', '--out', 'solved.csv', '--via', 'queues'];
const service = { latencyMs: [2_000, 8_000], threads: 500 } as const;
/** Time until a killed worker's tasks are delivered again and found finished. */
const longestLeftMs = 45_000;

/** A fleet whose batch is interrupted and resumed while regions come and go and tasks are moved. */
class MovingFleet {
  readonly steps: string[] = [];
  readonly #bench: Bench;
  readonly #fleet: Fleet;
  readonly #stressTest: MovingStressTest;
  readonly #workers = new Map<RegionName, Running>();
  #running: Running | null = null;

  constructor(bench: Bench, fleet: Fleet, stressTest: MovingStressTest) {
    this.#bench = bench;
    this.#fleet = fleet;
    this.#stressTest = stressTest;
  }

  async step(): Promise<void> {
    const { random } = this.#stressTest;
    if (this.#running === null || this.#running.child.exitCode !== null) await this.runAgain();
    await sleep(300 + random() * 1_200);
    const steps = [
      () => this.#interrupt(),
      () => this.#stop(),
      () => this.work(),
      () => this.#apply(),
      () => this.#drain(),
    ];
    await this.#oneOf(steps)();
  }

  async runAgain(): Promise<void> {
    this.steps.push('batch');
    this.#running = await this.#bench.start(batch, this.#fleet.usage);
  }

  /** Starts all missing workers, or those of one region. */
  async work(region = this.#oneOf(regions)): Promise<void> {
    if (this.#workers.has(region)) return;
    this.steps.push(`a worker for ${region}`);
    this.#workers.set(region, await this.#fleet.startWorker(region, ['--drain-timeout', '100ms']));
  }

  /** Finishes all remaining tasks: every region works, and the batch is run once more. */
  async end(): Promise<void> {
    for (const region of regions) await this.work(region);
    if (this.#running !== null) await this.#interrupt();
    const last = await this.#bench.run(batch, this.#fleet.usage);
    expect(last, `${this.steps.join('\n')}\n${last.stderr}`).toMatchObject({ code: 0 });
    const untilMs = performance.now() + longestLeftMs;
    while ((await this.#leftCount()) > 0 && performance.now() < untilMs) await sleep(500);
  }

  async #interrupt(): Promise<void> {
    const name = this.#oneOf(['SIGINT', 'SIGKILL'] as const);
    this.steps.push(`${name} for the batch`);
    this.#running?.signal(name);
    await this.#running?.ended;
    this.#running = null;
  }

  async #stop(): Promise<void> {
    const [region, worker] = this.#oneOf([...this.#workers, [regions[0], null] as const]);
    if (worker === null) return;
    const name = this.#stressTest.kills ? this.#oneOf(['SIGTERM', 'SIGKILL'] as const) : 'SIGTERM';
    this.steps.push(`${name} for the worker of ${region}`);
    this.#workers.delete(region);
    worker.signal(name);
    await worker.ended;
  }

  async #apply(): Promise<void> {
    await this.#move(['failover', '--apply']);
  }

  async #drain(): Promise<void> {
    await this.#move(['failover', '--drain', this.#oneOf(regions)]);
  }

  async #move(args: readonly string[]): Promise<void> {
    const { random, kills } = this.#stressTest;
    const killed = kills && random() < 0.5 ? random() * 2_000 : null;
    this.steps.push(`${args.join(' ')}${killed === null ? '' : `, killed after ${killed} ms`}`);
    const moving = await this.#bench.start(args, this.#fleet.usage);
    if (killed !== null) {
      await sleep(killed);
      moving.signal('SIGKILL');
    }
    this.steps.push((await moving.ended).stdout);
  }

  async #leftCount(): Promise<number> {
    const shown = await this.#bench.run(['queue', 'show', '--json'], this.#fleet.usage);
    const { queues } = JSON.parse(shown.stdout) as {
      queues: { region: string | null; waiting: number; inFlight: number }[];
    };
    return queues.reduce((sum, { region, waiting, inFlight }) => sum + (region === null ? 0 : waiting + inFlight), 0);
  }

  #oneOf<T>(all: readonly T[]): T {
    return all[Math.floor(this.#stressTest.random() * all.length)]!;
  }
}

/**
 * Interrupts, moves, failbacks and re-runs in random order; at the end every task has one row and the queues are empty.
 */
export async function surviveMoves(bench: Bench, stressTest: MovingStressTest): Promise<MovingEnd> {
  const { open, longestMs, rows, steps } = stressTest;
  const fleet = await open(bench, {
    longestMs,
    service,
    config: { worker: { concurrency: 5 }, solve: { timeout: '30s' } },
  });
  await bench.write('work/tasks.csv', regionalCsv(rows));
  const moving = new MovingFleet(bench, fleet, stressTest);
  await moving.work('us-east-1');
  try {
    for (let step = 0; step < steps; step += 1) await moving.step();
    await moving.end();
  } catch (error) {
    throw new Error(moving.steps.join('\n'), { cause: error });
  }
  return { rows: await rowsIn(bench, 'solved.csv'), ledger: fleet.ledger, steps: moving.steps };
}
