import type { Config } from '../../config/schema.ts';
import { probeRegions } from '../../core/health/probe-regions.ts';
import { isServing } from '../../domain/region.ts';
import type { Context } from '../context.ts';
import { frameOf } from '../health/health-frame.ts';
import { targetsOf } from '../health/health-targets.ts';
import { type PresentPlan, presentPlan } from './present-plan.ts';

/** Asks every region once how it is, tells which do not serve, and plans where their tasks go. */
export async function currentPlan(config: Config, context: Context): Promise<PresentPlan> {
  const { terminal, clock } = context;
  const { regions, health, failover } = config;
  const targets = targetsOf(config);
  const probe = await context.regionProbe(config);
  const frame = frameOf(await probeRegions(targets, health, { probe, clock }), regions, failover);
  for (const { region, status, error } of frame.regions) {
    if (!isServing(status)) terminal.note(`${region} is ${status}${error === null ? '' : `: ${error}`}`);
  }
  if (frame.note !== null) terminal.note(`note: ${frame.note}`);
  return presentPlan(frame.failover, regions);
}
