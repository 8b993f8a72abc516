import type { Command } from 'commander';
import { optionWithChoices } from '../../cli/choices.ts';
import { budgetOverrides, overridesOf, repeatable, rowFormats } from '../../cli/flags.ts';
import { executionModes } from '../../cli/fleet/queued-flags.ts';
import type { Override } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import type { InputSummary } from '../../core/batch/input-summary.ts';
import type { Bounds } from '../../core/batch/stop-rules.ts';
import { parseDuration } from '../../domain/duration.ts';
import { UsageError } from '../../domain/errors.ts';
import { knownMethods } from '../../protocol/methods.ts';

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
  readonly sameAccount?: true;
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
  readonly label?: string;
  readonly region?: string;
  readonly via?: string;
  readonly metrics?: string;
  readonly allowFastPolling?: true;
}

/** Declares the flags of `captcha batch`. */
export function declareBatchFlags(command: Command): Command {
  return declareSolvingFlags(declareFileFlags(command));
}

/** Those about the input, the output and the journal. */
function declareFileFlags(command: Command): Command {
  return command
    .optionsGroup('Input:')
    .option(
      '--map <column=name>',
      'rename an input column, for example --map websiteKey=sitekey (repeatable)',
      repeatable,
    )
    .option('--keep <column>', 'copy this column to the output and never send it (repeatable)', repeatable)
    .option('--send <column>', 'send this column as a parameter of the same name (repeatable)', repeatable)
    .addOption(
      optionWithChoices(
        '--method <name>',
        'method of rows without a method (default for an image: base64)',
        knownMethods(),
      ),
    )
    .option('--delimiter <character>', 'CSV field delimiter (default: auto-detected)')
    .option('--encoding <name>', 'input encoding, such as utf-16le or latin1 (default: auto-detected)')
    .option('--errors <file>', 'write invalid rows to this file, with line, column, reason and fix (default: stderr)')
    .option('--strict', 'exit without submitting if there are invalid rows')
    .option('--limit <n>', 'start at most N tasks in this run')
    .option('--dry-run', 'validate, route and count the rows without sending anything')
    .optionsGroup('Output:')
    .option('--out <file>', 'output file, or - for standard output (default: -)')
    .addOption(
      optionWithChoices(
        '--format <format>',
        'csv or jsonl; --json means jsonl (default: from the extension of --out, else as the input)',
        rowFormats,
      ),
    )
    .option('--keep-order', 'write rows in input order')
    .option(
      '--metrics <file>',
      'write Prometheus metrics to this file during the run, or serve them on 127.0.0.1 (:PORT)',
    )
    .option('--export', 'write the output again from the journal and send nothing')
    .optionsGroup('Resume:')
    .option(
      '--journal <file>',
      'journal file used to resume the batch (default: OUT.journal; without an output file, in the state folder; none for standard input)',
    )
    .option('--fresh', 'start over; rename an existing journal and output')
    .option('--same-account', 'continue a journal of an earlier API key of the same account, after a key rotation')
    .option('--retry-failed', 'submit tasks again that failed in earlier runs')
    .option('--leave-in-doubt', 'fail tasks whose submission was interrupted; do not submit them again')
    .option('--resolve-expired', 'submit tasks again whose solution had expired before its row was first written');
}

function declareSolvingFlags(command: Command): Command {
  return command
    .optionsGroup('Solving:')
    .option(
      '--concurrency <n>',
      'number of concurrent tasks, or auto: the free threads of the account (default: auto; config: batch.concurrency)',
    )
    .option('--timeout <duration>', 'time limit for each task (default: 300s; config: solve.timeout)')
    .option('--max-attempts <n>', 'maximum number of submissions per task (default: 3; config: retry.maxAttempts)')
    .option('--budget <rate>', 'replace the retry budget: 10/s is a bucket of 10 tokens, refilled with 10 per second')
    .option('--label <name>', 'whose submissions these are, for the limits and the audit (or CAPTCHA_LABEL)')
    .option('--region <name>', 'region of rows without a region; overrides the routes')
    .addOption(
      optionWithChoices(
        '--via <mode>',
        'execution mode: direct (this process) or queues (workers of the regions) (default: direct)',
        executionModes,
      ),
    )
    .option('--allow-fast-polling', 'poll faster than the service advises; it may block the account')
    .optionsGroup('Stop rules:')
    .option(
      '--max-failures <n>',
      'stop when N tasks, or N% of the tasks of the input, have failed in this run (config: batch.maxFailures)',
    )
    .option('--max-submissions <n>', 'stop after N submissions, retries included')
    .option('--max-duration <duration>', 'stop the batch after this duration');
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
        throw new UsageError(`--map ${pair}: expected column=name`, 'for example --map "Page URL=pageurl"');
      }
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

function failuresOf(maxFailures: Config['batch']['maxFailures'], inputSummary: InputSummary | null): number | null {
  if (maxFailures === null) return null;
  if ('count' in maxFailures) return maxFailures.count;
  if (inputSummary !== null) return Math.max(1, Math.ceil(maxFailures.ratio * (inputSummary.rows - inputSummary.bad)));
  throw new UsageError(
    'a percentage for --max-failures needs a seekable input file (not stdin)',
    'use a number, or pass a file',
  );
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
