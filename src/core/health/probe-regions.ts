import type { Region, RegionHealth } from '../../domain/region.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ApiReach, ProbeLimits, ProbeResult, RegionProbe } from '../../ports/region-probe.ts';
import { explainOutage } from './explain-outage.ts';
import { judgeProbe } from './judge-probe.ts';
import { unknownHealth } from './unknown-health.ts';

/** What is looked at. */
export interface HealthTargets {
  readonly regions: readonly Region[];
  /** The base URL of the solving service, whose reachability is never a region's health. */
  readonly baseUrl: string;
}

/** How everything is at a moment. */
export interface HealthReport {
  /** In the order of the targets. */
  readonly regions: readonly RegionHealth[];
  readonly api: ApiReach;
  /** Whose fault it probably is, where several things fail at once; null otherwise. */
  readonly note: string | null;
}

export interface ProbeDeps {
  readonly probe: RegionProbe;
  readonly clock: Clock;
}

/** By the name of the region. */
export type ProbeResults = ReadonlyMap<string, ProbeResult>;

/** Looks at every region that has a health endpoint, all at the same time, each once. */
export async function probeEach(
  regions: readonly Region[],
  limits: ProbeLimits,
  probe: RegionProbe,
): Promise<ProbeResults> {
  const look = async ({ name, health }: Region): Promise<(readonly [string, ProbeResult])[]> =>
    health === null ? [] : [[name, await probe.probeRegion(health, limits)]];
  return new Map((await Promise.all(regions.map(look))).flat());
}

function healthOf(region: Region, result: ProbeResult | undefined, since: number): RegionHealth {
  if (result === undefined) return unknownHealth(region, since);
  const { status, error } = judgeProbe(result);
  const { activeWorkers, queueDepth } = result.answered ? result.answer : { activeWorkers: null, queueDepth: null };
  return { region: region.name, status, latencyMs: result.latencyMs, activeWorkers, queueDepth, since, error };
}

/**
 * How every region is by one look, without a history: a single failed probe makes a region unhealthy. Takes as long as
 * the slowest answer, `limits.timeoutMs` at most, however many regions there are. Never rejects; a region without a
 * health endpoint is `unknown`.
 */
export async function probeRegions(
  { regions, baseUrl }: HealthTargets,
  limits: ProbeLimits,
  { probe, clock }: ProbeDeps,
): Promise<HealthReport> {
  const [results, api] = await Promise.all([probeEach(regions, limits, probe), probe.probeApi(baseUrl, limits)]);
  const now = clock.timestamp();
  const health = regions.map((region) => healthOf(region, results.get(region.name), now));
  return { regions: health, api, note: explainOutage([...results.values()], api) };
}
