import type { Command } from 'commander';
import { comparedStrategies } from '../../core/simulate/compare-strategies.ts';
import { allTables } from '../../core/simulate/tables/all-tables.ts';
import { repeatable } from '../flags.ts';

export interface SimulateFlags {
  readonly clients?: string;
  readonly rate?: string;
  readonly outage?: string;
  readonly duration?: string;
  readonly strategy?: readonly string[];
  readonly budget?: string;
  readonly breaker?: string;
  readonly seed?: string;
  readonly table?: string;
  readonly html?: string;
  readonly advise?: true;
}

/** Declares the flags of `captcha simulate`. */
export function declareSimulateFlags(command: Command): Command {
  return command
    .option('--clients <n>', 'so many solve one task after the other (default: 50)')
    .option('--rate <n/s>', 'what they submit together while all is well (default: a task of each takes 15 s)')
    .option('--outage <from-to>', 'when submissions fail, since the start; a length alone begins at 60s (default: 30s)')
    .option('--duration <duration>', 'simulate so long (default: 210s beyond the outage)')
    .option('--strategy <name>', `compare this one: ${comparedStrategies.join(', ')} (repeatable)`, repeatable)
    .option('--budget <n/s>', "a fixed bucket in place of the config's, or none")
    .option('--breaker <on|off>', 'only with, or only without the breaker (default: both)')
    .option('--seed <n>', 'the same seed gives the same report (default: 1)')
    .option('--table <name>', `simulate a published comparison again: ${Object.keys(allTables).join(', ')}`)
    .option('--html <file>', 'write a report with all curves')
    .option('--advise', 'size the budget for --rate and --outage, and try it');
}
