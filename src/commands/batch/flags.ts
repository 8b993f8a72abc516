import type { Command } from 'commander';
import { budgetOverrides, overridesOf, repeatable } from '../../cli/flags.ts';
import type { Override } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import type { InputSummary } from '../../core/batch/input-summary.ts';
import type { Bounds } from '../../core/batch/stop-rules.ts';
import { parseDuration } from '../../domain/duration.ts';
import { UsageError } from '../../domain/errors.ts';

export interface BatchFlags {
  readonly file: string;
  readonly out?: string;
  readonly format?: string;
  readonly map?: readonly string[];
  readonly keep?: readonly string[];
  readonly send?: readonly string[];
  readonly method?: string;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly errors?: string;
  readonly strict?: true;
  readonly journal?: string;
  readonly fresh?: true;
  readonly export?: true;
  readonly retryFailed?: true;
  readonly leaveInDoubt?: true;
  readonly resolveExpired?: true;
  readonly keepOrder?: true;
  readonly dryRun?: true;
  readonly concurrency?: string;
  readonly timeout?: string;
  readonly maxAttempts?: string;
  readonly maxFailures?: string;
  readonly maxSubmissions?: string;
  readonly maxDuration?: string;
  readonly limit?: string;
  readonly budget?: string;
  readonly region?: string;
  readonly via?: string;
  readonly allowFastPolling?: true;
}

/** Declares the flags of `captcha batch`. */
export function declareBatchFlags(command: Command): Command {
  return command
    .option('--out <file>', 'where the rows go: a file, or - for standard output (the default)')
    .option(
      '--format <format>',
      'csv or jsonl; --json means jsonl (default: by the extension of --out, else that of the input)',
    )
    .option('--map <column=name>', 'what a column of the input is called here (repeatable)', repeatable)
    .option('--keep <column>', 'a column that is carried through and never sent (repeatable)', repeatable)
    .option('--send <column>', 'a column that is sent as a parameter of its name (repeatable)', repeatable)
    .option('--method <name>', 'the method of rows that name none')
    .option('--delimiter <character>', 'what parts the fields of a CSV (default: found out)')
    .option('--encoding <name>', "the input's encoding, such as utf-16le or latin1 (default: found out)")
    .option('--errors <file>', 'where rows go that cannot be tasks: line, column, reason and fix (default: stderr)')
    .option('--strict', 'refuse to start where there are such rows')
    .option('--dry-run', 'check and count, but send nothing')
    .option('--journal <file>', 'what was paid for and what came of it (default: beside --out)')
    .option('--fresh', 'begin anew: an earlier journal and output are renamed')
    .option('--export', 'write the output anew from the journal, and nothing else')
    .option('--retry-failed', 'solve again what failed in earlier runs')
    .option('--leave-in-doubt', 'leave tasks failed whose submission was cut off, instead of submitting them again')
    .option('--resolve-expired', 'solve again what expired before it was written')
    .option('--keep-order', 'write the rows in the order of the input')
    .option('--concurrency <n>', 'tasks at once, or auto (config: batch.concurrency)')
    .option('--timeout <duration>', 'one limit for each task (config: solve.timeout)')
    .option('--max-attempts <n>', 'submissions of each task at most (config: retry.maxAttempts)')
    .option('--max-failures <n>', 'stop after so many failed tasks, or 5% of them (config: batch.maxFailures)')
    .option('--max-submissions <n>', 'stop after so many submissions')
    .option('--max-duration <duration>', 'stop after so long')
    .option('--limit <n>', 'begin so many tasks only')
    .option('--budget <rate>', 'a fixed retry budget, for example 10/s')
    .option('--region <name>', 'label tasks without a region with this one')
    .option('--via <way>', 'who solves the tasks: direct (this process) or queues (the workers of their regions)')
    .option('--allow-fast-polling', 'poll faster than the service advises (it may ban you)');
}

/** A whole number of at least 1, or null where the flag was not given. */
export function wholeNumber(flag: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new UsageError(`${flag} ${text}: not a whole number of at least 1`);
  return Number(text);
}

/** `--map column=name`, by the column of the input. */
export function parseColumnNames(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.lastIndexOf('=');
      if (at < 1 || at === pair.length - 1) {
        throw new UsageError(`--map ${pair}: not of the form column=name`, 'for example --map "Page URL=pageurl"');
      }
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** How the output is written. */
export function outputFormat(flags: BatchFlags, json: boolean): 'csv' | 'jsonl' {
  const { format, out = '-', file } = flags;
  if (format === 'csv' || format === 'jsonl') return format;
  if (format !== undefined) throw new UsageError(`--format ${format}: not a format`, 'it is csv or jsonl');
  if (json) return 'jsonl';
  return /\.(jsonl|ndjson)$/i.test(out === '-' ? file : out) ? 'jsonl' : 'csv';
}

function failuresOf(maxFailures: Config['batch']['maxFailures'], inputSummary: InputSummary | null): number | null {
  if (maxFailures === null) return null;
  if ('count' in maxFailures) return maxFailures.count;
  if (inputSummary !== null) return Math.max(1, Math.ceil(maxFailures.ratio * (inputSummary.rows - inputSummary.bad)));
  throw new UsageError('a share as --max-failures needs an input that can be counted', 'give a number, or a file');
}

function durationOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = parseDuration(text);
  if (ms === null) throw new UsageError(`--max-duration ${text}: not a duration`, 'for example --max-duration 30m');
  return ms;
}

/** What bounds a run. */
export function getBounds(flags: BatchFlags, { batch }: Config, inputSummary: InputSummary | null): Bounds {
  return {
    maxFailures: failuresOf(batch.maxFailures, inputSummary),
    maxSubmissions: wholeNumber('--max-submissions', flags.maxSubmissions),
    maxDurationMs: durationOf(flags.maxDuration),
    limit: wholeNumber('--limit', flags.limit),
  };
}

/** What the flags of `captcha batch` say about the configuration. */
export function overridesOfBatch(flags: BatchFlags): readonly Override[] {
  const { timeout, maxAttempts, concurrency, maxFailures, budget } = flags;
  const paths = {
    timeout: 'solve.timeout',
    maxAttempts: 'retry.maxAttempts',
    concurrency: 'batch.concurrency',
    maxFailures: 'batch.maxFailures',
  };
  return [...overridesOf({ timeout, maxAttempts, concurrency, maxFailures }, paths), ...budgetOverrides(budget)];
}
