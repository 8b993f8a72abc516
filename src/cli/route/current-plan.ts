import type { Config } from '../../config/schema.ts';
import { isServing } from '../../domain/region.ts';
import type { Context } from '../context.ts';
import { frameOf } from '../health/health-frame.ts';
import { targetsOf } from '../health/health-targets.ts';
import { probeOnce } from '../health/probe-once.ts';
import { type PresentPlan, presentPlan } from './present-plan.ts';

/** Asks every region once how it is, tells which do not serve, and plans where their tasks go. */
export async function currentPlan(config: Config, context: Context): Promise<PresentPlan> {
  const { terminal } = context;
  const { regions, failover } = config;
  const frame = frameOf(await probeOnce(targetsOf(config), config, context), regions, failover);
  for (const { region, status, error } of frame.regions) {
    if (!isServing(status)) terminal.note(`${region} is ${status}${error === null ? '' : `: ${error}`}`);
  }
  if (frame.note !== null) terminal.note(`note: ${frame.note}`);
  return presentPlan(frame.failover, regions);
}
