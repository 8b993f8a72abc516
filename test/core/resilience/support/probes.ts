import type { Region } from '../../../../src/domain/region.ts';
import type { ApiReach, ProbeResult, RegionAnswer, RegionProbe } from '../../../../src/ports/api.ts';

/** An answer after 20 ms with these fields. */
export function answered(special: Partial<RegionAnswer> = {}): ProbeResult {
  const answer = { status: null, activeWorkers: null, queueDepth: null, ...special };
  return { answered: true, latencyMs: 20, answer };
}

/** An error answer after 15 ms. */
export function refused(error: string): ProbeResult {
  return { answered: false, latencyMs: 15, error };
}

/** No answer at all. */
export function silent(error: string): ProbeResult {
  return { answered: false, latencyMs: null, error };
}

export const reachable: ApiReach = { reachable: true, latencyMs: 45, error: null };
export const unreachable: ApiReach = { reachable: false, latencyMs: null, error: 'connection refused' };

/** A region whose health endpoint is its name. */
export function aRegion(name: string, special: Partial<Region> = {}): Region {
  return { name, location: null, health: `http://${name}/`, queue: null, weight: 1, residency: null, ...special };
}

/** Gives the test's answers for each URL, and records the requests. */
export function scriptedProbe(
  answer: (url: string) => ProbeResult | Promise<ProbeResult>,
  api: () => ApiReach = () => reachable,
) {
  const asked: string[] = [];
  const probe: RegionProbe = {
    probeRegion: async (url) => {
      asked.push(url);
      return answer(url);
    },
    probeApi: async () => api(),
  };
  return { probe, asked };
}
