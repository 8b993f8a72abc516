import type { HealthTargets } from '../../core/health/probe-regions.ts';
import { isServing, type RegionHealth } from '../../domain/region.ts';
import { exitCodes } from '../exit-codes.ts';

/** Whether all, some or none of the regions that can be asked serve. */
export function exitCodeOfHealth(health: readonly RegionHealth[], { regions }: HealthTargets): number {
  const asked = new Set(regions.filter((region) => region.health !== null).map(({ name }) => name));
  const counted = health.filter(({ region }) => asked.has(region));
  const serving = counted.filter(({ status }) => isServing(status)).length;
  if (serving === counted.length) return exitCodes.done;
  return serving === 0 ? exitCodes.unavailable : exitCodes.notAllSolved;
}
