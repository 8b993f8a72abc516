import type { Region, RegionHealth } from '../../domain/region.ts';

/** The health of a region that has no endpoint, or was not looked at yet. `since` in ms since the epoch. */
export function unknownHealth({ name, health }: Region, since: number): RegionHealth {
  const error = health === null ? 'has no health endpoint' : null;
  return { region: name, status: 'unknown', latencyMs: null, activeWorkers: null, queueDepth: null, since, error };
}
