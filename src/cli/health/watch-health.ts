import type { Config } from '../../config/schema.ts';
import type { HealthTargets } from '../../core/health/probe-regions.ts';
import { watchRegions } from '../../core/health/watch-regions.ts';
import type { RegionProbe } from '../../ports/region-probe.ts';
import type { Context } from '../context.ts';
import { formatMs } from '../output/format.ts';
import { describeChanges } from './describe-changes.ts';
import { frameOf, type HealthFrame } from './health-frame.ts';
import { jsonDisplay, logDisplay, screenDisplay, type DisplayOptions, type WatchDisplay } from './watch-display.ts';

function displayFor({ globals, env }: Context, options: DisplayOptions): WatchDisplay {
  if (globals.json) return jsonDisplay(options);
  const canRedraw = options.terminal.columns !== null && env['TERM'] !== 'dumb';
  return canRedraw ? screenDisplay(options) : logDisplay(options);
}

export interface WatchHealth {
  readonly targets: HealthTargets;
  readonly config: Config;
  readonly probe: RegionProbe;
  /** Told at the start; null for nothing. */
  readonly hint: string | null;
}

/** Watches regions and shows what happens, until a signal ends it: its regular end. */
export async function watchHealth({ targets, config, probe, hint }: WatchHealth, context: Context): Promise<void> {
  const { terminal, clock, random, interrupt } = context;
  const { health, failover } = config;
  const title = `captcha health, every ${formatMs(health.intervalMs)}`;
  const display = displayFor(context, { terminal, clock, title, hint });
  interrupt.listen({ onFirst: () => undefined, onSecond: () => undefined });
  const reports = watchRegions(targets, { ...health, signal: interrupt.stop }, { probe, clock, random });
  let before: HealthFrame | null = null;
  for await (const report of reports) {
    const frame = frameOf(report, targets.regions, failover);
    await display.show(frame, before === null ? [] : describeChanges(before, frame));
    before = frame;
  }
  await display.end();
  interrupt.markDrained();
}
