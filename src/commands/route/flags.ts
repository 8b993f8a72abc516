import type { Command } from 'commander';
import { optionWithChoices } from '../../cli/choices.ts';
import { UsageError } from '../../domain/errors.ts';

export interface RouteFlags {
  readonly urls: readonly string[];
  readonly file?: string;
  readonly column?: string;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly format?: string;
  readonly explain?: true;
  readonly health?: true;
}

const formats = ['table', 'csv', 'jsonl', 'json'] as const;
export type RouteFormat = (typeof formats)[number];

/** Declares the flags of `captcha route`. */
export function declareRouteFlags(command: Command): Command {
  return command
    .option('--file <file>', 'read URLs from a file, one per line')
    .option('--column <name>', 'read the input as CSV and take the URLs from this column')
    .option('--delimiter <character>', 'CSV field delimiter (default: auto-detected)')
    .option('--encoding <name>', 'input encoding, such as utf-16le (default: auto-detected)')
    .addOption(
      optionWithChoices('--format <format>', `${formats.join(', ')} (default: table; --json means json)`, formats),
    )
    .option('--explain', 'show every rule considered and why it matched or not')
    .option('--health', 'probe region health and show the effective (failover) region');
}

/** How the rows are written. */
export function routeFormat({ format }: RouteFlags, json: boolean): RouteFormat {
  if (format === undefined) return json ? 'json' : 'table';
  const known = formats.find((name) => name === format);
  if (known !== undefined) return known;
  throw new UsageError(`--format ${format}: unknown format`, `use one of ${formats.join(', ')}`);
}
