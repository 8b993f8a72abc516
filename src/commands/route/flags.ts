import type { Command } from 'commander';
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
    .option('--file <file>', 'read the URLs from a file, one a line')
    .option('--column <name>', 'the input is CSV, and this column holds the URLs')
    .option('--delimiter <character>', 'what parts the fields of a CSV (default: found out)')
    .option('--encoding <name>', "the input's encoding, such as utf-16le (default: found out)")
    .option('--format <format>', `${formats.join(', ')} (default: table; --json means json)`)
    .option('--explain', 'say of every rule that was considered why it decided or not')
    .option('--health', 'ask the regions how they are, and say where tasks go at present');
}

/** How the rows are written. */
export function routeFormat({ format }: RouteFlags, json: boolean): RouteFormat {
  if (format === undefined) return json ? 'json' : 'table';
  const known = formats.find((name) => name === format);
  if (known !== undefined) return known;
  throw new UsageError(`--format ${format}: not a format`, `it is one of ${formats.join(', ')}`);
}
