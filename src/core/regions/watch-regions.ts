import type { ApiReach, ProbeLimits, ProbeResult } from '../../ports/api.ts';
import type { Random } from '../../ports/system.ts';
import {
  explainOutage,
  type HealthReport,
  type HealthTargets,
  type ProbeDeps,
  probeEach,
  type ProbeResults,
} from './probe-regions.ts';
import { healthAt, type HealthRules, recordProbe, type RegionHistory, startHistory } from './region-health.ts';

/** How regions are watched: the keys `health.*` of the configuration. */
export interface WatchOptions extends ProbeLimits {
  /** Interval between the starts of two rounds, in ms. */
  readonly intervalMs: number;
  readonly fall: number;
  readonly rise: number;
  readonly signal: AbortSignal;
}

export interface WatchDeps extends ProbeDeps {
  readonly random: Random;
}

/** Probe interval of a region whose status is about to change, so that a failure counts within seconds. */
const quickMs = 2_000;
/** Relative jitter of the interval, so that many watchers do not probe at the same moment. */
const jitterRatio = 0.1;
/** After this many intervals without a probe a region is unknown, for example because this machine slept. */
const staleIntervals = 3;

/** The state of a watch. */
class RegionWatch {
  readonly #targets: HealthTargets;
  readonly #options: WatchOptions;
  readonly #deps: WatchDeps;
  readonly #rules: HealthRules;
  readonly #results = new Map<string, ProbeResult>();
  #histories: readonly RegionHistory[];
  #api: ApiReach = { reachable: false, latencyMs: null, error: null };

  constructor(targets: HealthTargets, options: WatchOptions, deps: WatchDeps) {
    const { intervalMs, timeoutMs, fall, rise } = options;
    this.#targets = targets;
    this.#options = options;
    this.#deps = deps;
    this.#rules = { fall, rise, staleMs: staleIntervals * intervalMs + timeoutMs };
    this.#histories = targets.regions.map((region) => startHistory(region, deps.clock.timestamp()));
  }

  get isChanging(): boolean {
    return this.#histories.some((history) => history.isChanging);
  }

  /** Probes all regions and the API. */
  async probeAll(): Promise<void> {
    const { regions, baseUrl } = this.#targets;
    const { probe } = this.#deps;
    const [results, api] = await Promise.all([
      probeEach(regions, this.#options, probe),
      probe.probeApi(baseUrl, this.#options),
    ]);
    this.#api = api;
    this.#record(results);
  }

  /** Probes again the regions whose status is about to change. */
  async probeChanging(): Promise<void> {
    const changing = this.#histories.filter((history) => history.isChanging).map(({ region }) => region);
    this.#record(await probeEach(changing, this.#options, this.#deps.probe));
  }

  report(): HealthReport {
    const now = this.#deps.clock.timestamp();
    const regions = this.#histories.map((history) => healthAt(history, now, this.#rules));
    return { regions, api: this.#api, note: explainOutage([...this.#results.values()], this.#api) };
  }

  #record(results: ProbeResults): void {
    const now = { rules: this.#rules, timestamp: this.#deps.clock.timestamp() };
    this.#histories = this.#histories.map((history) => {
      const result = results.get(history.region.name);
      if (result === undefined) return history;
      this.#results.set(history.region.name, result);
      return recordProbe(history, result, now);
    });
  }
}

/**
 * Watches regions until `signal` aborts. Yields a report after every round, the first one after all targets were probed
 * once. Regions whose status is about to change are probed again in between. Never throws.
 */
export async function* watchRegions(
  targets: HealthTargets,
  options: WatchOptions,
  deps: WatchDeps,
): AsyncGenerator<HealthReport, void, undefined> {
  const { clock, random } = deps;
  const { intervalMs, signal } = options;
  const isOver = (): boolean => signal.aborted;
  const jittered = (ms: number): number => ms * (1 + jitterRatio * (2 * random.next() - 1));
  const watch = new RegionWatch(targets, options, deps);
  let nextMs = clock.nowMs();
  while (!isOver()) {
    const isDue = clock.nowMs() >= nextMs;
    if (isDue) nextMs = clock.nowMs() + jittered(intervalMs);
    await (isDue ? watch.probeAll() : watch.probeChanging());
    // An aborted probe says nothing about the regions.
    if (isOver()) return;
    yield watch.report();
    const leftMs = nextMs - clock.nowMs();
    await clock.sleep(Math.max(0, watch.isChanging ? Math.min(jittered(quickMs), leftMs) : leftMs), signal);
  }
}
