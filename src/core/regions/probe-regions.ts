import type { Region, RegionHealth } from '../../domain/region.ts';
import type { ApiReach, ProbeLimits, ProbeResult, RegionProbe } from '../../ports/api.ts';
import type { Clock } from '../../ports/system.ts';
import { judgeProbe, localLimitIn, unknownHealth } from './region-health.ts';

/** True without any answer. An error status proves that the endpoint is reachable. */
const isSilent = (result: ProbeResult): boolean => !result.answered && result.latencyMs === null;

/**
 * A sentence about the probable cause when several targets fail at once; null if nothing suggests one. Simultaneous
 * failures everywhere have one cause, often the local machine or network.
 */
export function explainOutage(results: readonly ProbeResult[], api: ApiReach): string | null {
  const allFail = results.length > 0 && results.every((result) => !result.answered);
  if (allFail && !api.reachable && results.every(isSilent)) {
    return 'neither the regions nor the CaptchaAI API can be reached: probably a network problem of this machine (DNS, VPN, proxy, firewall)';
  }
  if (allFail && results.length > 1 && api.reachable) {
    return 'all regions fail at once while the CaptchaAI API is reachable: check what the regions share (a deployment, a certificate, the network path)';
  }
  return api.reachable
    ? null
    : 'the CaptchaAI API is not reachable from here; this does not affect the status of the regions';
}

/** The targets of a health check. */
export interface HealthTargets {
  readonly regions: readonly Region[];
  /** Base URL of the solving service. Its reachability never affects a region's health. */
  readonly baseUrl: string;
}

/** The result of a health check. */
export interface HealthReport {
  /** In the order of the targets. */
  readonly regions: readonly RegionHealth[];
  readonly api: ApiReach;
  /** Probable cause when several targets fail at once, otherwise null. */
  readonly note: string | null;
}

export interface ProbeDeps {
  readonly probe: RegionProbe;
  readonly clock: Clock;
}

/** Results by region name. */
export type ProbeResults = ReadonlyMap<string, ProbeResult>;

/** Probes every region with a health endpoint once, all concurrently. */
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
  const localLimit = localLimitIn(result);
  if (localLimit !== null) return { ...unknownHealth(region, since), error: localLimit };
  const { status, error } = judgeProbe(result);
  const { activeWorkers, queueDepth } = result.answered ? result.answer : { activeWorkers: null, queueDepth: null };
  return { region: region.name, status, latencyMs: result.latencyMs, activeWorkers, queueDepth, since, error };
}

/**
 * The health of every region from a single probe, without history: one failed probe makes a region unhealthy. Takes as
 * long as the slowest answer, and `limits.timeoutMs` at most, for any number of regions. Never rejects; a region
 * without a health endpoint is `unknown`.
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
