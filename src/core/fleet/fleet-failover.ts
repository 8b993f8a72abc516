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
  /** Called after every move. */
  readonly onMoved: (from: string, moved: Moved) => void;
}

/** Redirects tasks from regions that do not serve, waiting tasks included, during a run. */
export class FleetFailover {
  readonly #deps: FleetFailoverDeps;
  /** Why a region's queue cannot be reached, by region. */
  readonly #unavailable = new Map<string, string>();
  /**
   * Tasks per region without a target at the last check. They are not taken out again until a serving region is added.
   */
  readonly #keptCounts = new Map<string, number>();
  /** Names of the serving regions at the last check; when they change, stuck tasks may have a target. */
  #serving = '';
  /** Running moves by region, and regions whose queue is being checked: neither delays the next report. */
  readonly #moves = new Map<string, AbortController>();
  readonly #rechecks = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  #failure: Error | null = null;

  constructor(deps: FleetFailoverDeps) {
    this.#deps = deps;
    this.observe({ regions: [] });
  }

  place(task: HomedTask): Placement {
    return this.#deps.router.place(task);
  }

  /** `message: null` means that the queue is reachable. */
  noteQueue(region: string, message: string | null): void {
    if (message === null) this.#unavailable.delete(region);
    else this.#unavailable.set(region, message);
  }

  /** Takes a health report; returns it with the state of the queues included. */
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

  /** Handles reports until they end or `signal` aborts; then running moves end, too. */
  async follow(reports: AsyncIterable<HealthReport>, signal: AbortSignal): Promise<void> {
    for await (const report of reports) {
      if (this.#failure !== null) throw this.#failure;
      this.#recheckUnavailable();
      const health = this.observe(report);
      this.#forgetKept(health);
      for (const { region, status } of health) {
        if (status === 'unhealthy') this.#startMove(region, signal);
        else if (isServing(status)) this.#moves.get(region)?.abort();
      }
    }
    if (signal.aborted) for (const stop of this.#moves.values()) stop.abort();
    await Promise.all(this.#running);
    if (this.#failure !== null) throw this.#failure;
  }

  #forgetKept(health: readonly RegionHealth[]): void {
    const serving = health.flatMap(({ region, status }) => (isServing(status) ? region : [])).join();
    if (serving !== this.#serving) this.#keptCounts.clear();
    this.#serving = serving;
  }

  /** No tasks are sent to a region with an unreachable queue, so its recovery has to be checked here. */
  #recheckUnavailable(): void {
    for (const region of this.#unavailable.keys()) {
      if (this.#rechecks.has(region)) continue;
      this.#rechecks.add(region);
      const recheck = async (): Promise<void> => {
        await this.#deps.queues
          .get(region)
          ?.depth()
          .then(() => this.noteQueue(region, null), orUnavailable);
        this.#rechecks.delete(region);
      };
      this.#run(recheck());
    }
  }

  #startMove(region: string, signal: AbortSignal): void {
    if (this.#moves.has(region) || signal.aborted) return;
    const stop = new AbortController();
    this.#moves.set(region, stop);
    this.#run(this.#empty(region, stop.signal).finally(() => this.#moves.delete(region)));
  }

  #run(work: Promise<void>): void {
    const running = work
      .catch((error: unknown) => (this.#failure ??= error instanceof Error ? error : new Error(String(error))))
      .then(() => void this.#running.delete(running));
    this.#running.add(running);
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
    const serving = this.#serving;
    try {
      if (!this.#isWorthMoving(region, await from.depth())) return;
      const moved = await moveTasks({
        ...{ from, to: queues, signal },
        targetOf: ({ homeRegion, strict }) => {
          const target = this.place({ home: this.#known(homeRegion) ?? region, strict }).region;
          return target === region ? null : target;
        },
      });
      // If another region serves by now, the next report is to try again.
      if (serving === this.#serving) this.#keptCounts.set(region, moved.kept);
      if (moved.byRegion.size > 0) onMoved(region, moved);
    } catch (error) {
      orUnavailable(error);
    }
  }

  /** Tasks of a dead worker come back only to a receiver: without one, some engines count them as in flight forever. */
  #isWorthMoving(region: string, { waiting, inFlight }: QueueDepth): boolean {
    const kept = this.#keptCounts.get(region) ?? 0;
    return waiting > kept || (inFlight > 0 && kept === 0);
  }

  #known(homeRegion: string | null): string | null {
    return this.#deps.regions.some(({ name }) => name === homeRegion) ? homeRegion : null;
  }
}

/** A region with an unreachable queue keeps its tasks until the next check. */
function orUnavailable(error: unknown): void {
  if (!(error instanceof QueueUnavailableError)) throw error;
}
