import { QueueUnavailableError } from '../../domain/errors.ts';
import { isServing, type Region, type RegionHealth } from '../../domain/region.ts';
import type { QueueDepth, TaskQueue } from '../../ports/queues.ts';
import type { FailoverRouter, HomedTask, Placement } from '../regions/failover-router.ts';
import type { HealthReport } from '../regions/probe-regions.ts';
import { unknownHealth } from '../regions/region-health.ts';
import { type Moved, moveTasks } from './move-tasks.ts';

export interface FleetFailoverDeps {
  readonly router: FailoverRouter;
  readonly regions: readonly Region[];
  readonly queues: ReadonlyMap<string, TaskQueue>;
  /** Told of every move. */
  readonly onMoved: (from: string, moved: Moved) => void;
}

/** Sends tasks away from regions that do not serve, those that wait there included, for as long as a run lasts. */
export class FleetFailover {
  readonly #deps: FleetFailoverDeps;
  /** Why the queue of a region cannot be reached. */
  readonly #unavailable = new Map<string, string>();
  /** How many tasks nobody could take, at the last look: they need not be taken out again. */
  readonly #keptCounts = new Map<string, number>();
  /** The regions that served at the last look: where others do, somebody may take what nobody could. */
  #serving = '';

  constructor(deps: FleetFailoverDeps) {
    this.#deps = deps;
    this.observe({ regions: [] });
  }

  place(task: HomedTask): Placement {
    return this.#deps.router.place(task);
  }

  /** `message` null: its queue can be reached. */
  noteQueue(region: string, message: string | null): void {
    if (message === null) this.#unavailable.delete(region);
    else this.#unavailable.set(region, message);
  }

  /** Takes in how the regions are, and answers how they are with their queues. */
  observe({ regions }: Pick<HealthReport, 'regions'>): readonly RegionHealth[] {
    const health = regions.map((each) => this.#withQueue(each));
    const byName = new Map(health.map((each) => [each.region, each]));
    const measured = this.#deps.regions.map((region) => ({
      region,
      health: byName.get(region.name) ?? unknownHealth(region, 0),
    }));
    this.#deps.router.observe(measured);
    return health;
  }

  /** Follows reports until there are no more, or `signal` aborts. */
  async follow(reports: AsyncIterable<HealthReport>, signal: AbortSignal): Promise<void> {
    for await (const report of reports) {
      await this.#recheckUnavailable();
      const health = this.observe(report);
      this.#forgetKept(health);
      for (const { region, status } of health) if (status === 'unhealthy') await this.#empty(region, signal);
    }
  }

  #forgetKept(health: readonly RegionHealth[]): void {
    const serving = health.flatMap(({ region, status }) => (isServing(status) ? region : [])).join();
    if (serving !== this.#serving) this.#keptCounts.clear();
    this.#serving = serving;
  }

  /** Nothing is sent to a region whose queue was away, so that nobody else would notice that it is back. */
  async #recheckUnavailable(): Promise<void> {
    const looks = [...this.#unavailable.keys()].map(async (region) => {
      await this.#deps.queues
        .get(region)
        ?.depth()
        .then(() => this.noteQueue(region, null), orUnavailable);
    });
    await Promise.all(looks);
  }

  #withQueue(health: RegionHealth): RegionHealth {
    const message = this.#unavailable.get(health.region);
    return message === undefined
      ? health
      : { ...health, status: 'unhealthy', error: `its queue is unreachable: ${message}` };
  }

  async #empty(region: string, signal: AbortSignal): Promise<void> {
    const { queues, onMoved } = this.#deps;
    const from = queues.get(region);
    if (from === undefined || signal.aborted) return;
    try {
      if (!this.#isWorthMoving(region, await from.depth())) return;
      const moved = await moveTasks({
        ...{ from, to: queues, signal },
        targetOf: ({ homeRegion, strict }) => {
          const target = this.place({ home: this.#known(homeRegion) ?? region, strict }).region;
          return target === region ? null : target;
        },
      });
      this.#keptCounts.set(region, moved.kept);
      if (moved.byRegion.size > 0) onMoved(region, moved);
    } catch (error) {
      orUnavailable(error);
    }
  }

  /** What a dead worker held comes back to whoever asks for it: where nobody asks, an engine counts it as held for ever. */
  #isWorthMoving(region: string, { waiting, inFlight }: QueueDepth): boolean {
    const kept = this.#keptCounts.get(region) ?? 0;
    return waiting > kept || (inFlight > 0 && kept === 0);
  }

  #known(homeRegion: string | null): string | null {
    return this.#deps.regions.some(({ name }) => name === homeRegion) ? homeRegion : null;
  }
}

/** With its queue away, a region keeps its tasks until the next look. */
function orUnavailable(error: unknown): void {
  if (!(error instanceof QueueUnavailableError)) throw error;
}
