import { seededRandom } from '../../src/adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../../src/adapters/virtual/virtual-clock.ts';
import type { Region, RegionHealth } from '../../src/domain/region.ts';
import type { Clock, Random } from '../../src/ports/system.ts';

/** A rule that places tasks: gets the measured regions now and then, and is asked for every task. */
export interface PlacingRule {
  observe(measured: readonly { readonly region: Region; readonly health: RegionHealth }[]): void;
  /** The region for a task with this home. */
  place(home: string): string;
}

export type MakeRule = (deps: { clock: Clock; random: Random }) => PlacingRule;

export interface Outage {
  /** Workers per region; the first region is the one that fails. */
  readonly workers: readonly number[];
  /** The share of busy workers in normal operation, 0..1. */
  readonly load: number;
  /** Minimum and maximum solve time in ms; uniform in between. */
  readonly solveMs: readonly [shortest: number, longest: number];
  readonly outageMs: number;
  /** Interval between two measurements in ms, which is the maximum age of the rule's data. */
  readonly healthEveryMs: number;
  readonly seed: number;
}

/** The waits of tasks that arrived during the outage. */
export interface OutageReport {
  /** Time that each waited for a worker, in ms, shortest first. */
  readonly waitsMs: readonly number[];
  /** The longest queue of each surviving region. */
  readonly deepest: readonly number[];
}

/** Time before the outage, until queues are normal. */
const warmUpMs = 300_000;

/** Workers and their waiting tasks, first come, first served. */
class WorkerPool {
  readonly region: Region;
  readonly workers: number;
  deepest = 0;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(name: string, workers: number) {
    this.region = { name, location: null, health: null, queue: null, weight: 1, residency: null };
    this.workers = workers;
    this.#free = workers;
  }

  get depth(): number {
    return this.#waiting.length;
  }

  async take(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    const turn = new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
    this.deepest = Math.max(this.deepest, this.depth);
    await turn;
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

/** A fleet in virtual time whose first region fails: Poisson arrivals, homes in proportion to workers. */
class OutageFleet {
  readonly #outage: Outage;
  readonly #clock = new VirtualClock();
  readonly #random: Random;
  readonly #pools: readonly WorkerPool[];
  readonly #rule: PlacingRule;
  readonly #waitsMs: number[] = [];

  constructor(outage: Outage, makeRule: MakeRule) {
    this.#outage = outage;
    this.#random = seededRandom(outage.seed);
    this.#pools = outage.workers.map((workers, index) => new WorkerPool(`region-${index + 1}`, workers));
    this.#rule = makeRule({ clock: this.#clock, random: seededRandom(outage.seed + 1_000) });
  }

  async run(): Promise<OutageReport> {
    const endMs = warmUpMs + this.#outage.outageMs;
    void this.#measure(endMs);
    for (const pool of this.#pools) void this.#arrive(pool, endMs);
    await this.#clock.run();
    return {
      waitsMs: this.#waitsMs.sort((a, b) => a - b),
      deepest: this.#pools.slice(1).map(({ deepest }) => deepest),
    };
  }

  get #isDown(): boolean {
    return this.#clock.nowMs() >= warmUpMs;
  }

  /** The outage starts at a measurement, so that no rule loses time by late detection. */
  async #measure(endMs: number): Promise<void> {
    while (this.#clock.nowMs() < endMs) {
      this.#rule.observe(this.#pools.map((pool, index) => this.#healthOf(pool, index)));
      await this.#clock.sleep(this.#outage.healthEveryMs);
    }
  }

  #healthOf({ region, workers, depth }: WorkerPool, index: number): { region: Region; health: RegionHealth } {
    const silent = { latencyMs: null, activeWorkers: null, queueDepth: null, since: 0, error: 'no answer' };
    const answer = { latencyMs: 20, activeWorkers: workers, queueDepth: depth, since: 0, error: null };
    const isDead = index === 0 && this.#isDown;
    const health: RegionHealth = isDead
      ? { region: region.name, status: 'unhealthy', ...silent }
      : { region: region.name, status: 'healthy', ...answer };
    return { region, health };
  }

  async #arrive(home: WorkerPool, endMs: number): Promise<void> {
    const { load, solveMs } = this.#outage;
    const meanGapMs = (solveMs[0] + solveMs[1]) / 2 / (load * home.workers);
    for (;;) {
      await this.#clock.sleep(-Math.log(1 - this.#random.next()) * meanGapMs);
      if (this.#clock.nowMs() >= endMs) return;
      void this.#work(this.#rule.place(home.region.name));
    }
  }

  async #work(name: string): Promise<void> {
    const pool = this.#pools.find(({ region }) => region.name === name);
    if (pool === undefined) throw new Error(`no region ${name}`);
    const [arrivedMs, isCounted] = [this.#clock.nowMs(), this.#isDown];
    await pool.take();
    if (isCounted) this.#waitsMs.push(this.#clock.nowMs() - arrivedMs);
    const [shortest, longest] = this.#outage.solveMs;
    await this.#clock.sleep(shortest + this.#random.next() * (longest - shortest));
    pool.release();
  }
}

/** Simulates one outage under a rule. The same outage and rule always give the same report. */
export function simulateOutage(outage: Outage, makeRule: MakeRule): Promise<OutageReport> {
  return new OutageFleet(outage, makeRule).run();
}
