import type { Command } from 'commander';
import { exportBatch } from '../batch/export-batch.ts';
import { boundsOf } from '../batch/batch-bounds.ts';
import { type BatchFlags, declareBatchFlags, outputFormat } from '../batch/batch-flags.ts';
import { overridesOfBatch } from '../batch/batch-overrides.ts';
import { openBadRows } from '../batch/bad-rows.ts';
import { checkFlags } from '../batch/check-flags.ts';
import { checkInput } from '../batch/check-input.ts';
import { openBatchInput } from '../batch/read-input.ts';
import { checkFleet } from '../fleet/open-fleet.ts';
import { checkWorkersFlags } from '../fleet/queued-flags.ts';
import { solveBatch } from '../batch/solve-batch.ts';
import type { Context } from '../context.ts';
import type { Act } from '../act.ts';

const examples = `
The input is CSV with a header or JSON Lines, with the columns method, sitekey, pageurl, file, body, task_id, region,
priority; every other column is a protocol parameter of that name. Run the same command again to continue.

Examples:
  $ captcha batch tasks.csv --out solved.csv --errors bad.csv
  $ captcha batch tasks.csv --dry-run
  $ captcha batch tasks.jsonl --out - --concurrency 50 --max-failures 5% | consumer
  $ captcha batch tasks.csv --out solved.csv --retry-failed
  $ captcha batch tasks.csv --out solved.csv --via queues`;

/** Declares `captcha batch`. */
export function register(command: Command, act: Act): void {
  declareBatchFlags(command.argument('<file>', 'the input, or - for standard input'))
    .addHelpText('after', examples)
    .action((file: string, flags: Omit<BatchFlags, 'file'>) => act(run, { ...flags, file }));
}

/** Solves the tasks of a file, one row each, however often it is interrupted and run again. */
export async function run(flags: BatchFlags, context: Context): Promise<number> {
  const format = outputFormat(flags, context.globals.json);
  const overrides = overridesOfBatch(flags);
  const { config } = await context.config(overrides);
  const files = await context.batchFiles();
  await checkFlags(flags, config, files);
  if (flags.via === 'queues') {
    checkFleet(config, flags.region, context);
    checkWorkersFlags(flags, config, context);
  }
  const input = await openBatchInput(flags, config, files, (text) => context.terminal.note(text));
  if (flags.export === true) return exportBatch({ flags, format, input, files }, context);
  const badRows = await openBadRows(flags.errors, files, context.terminal);
  try {
    const checked = await checkInput({ flags, input, badRows }, context);
    if (checked.exitCode !== null) return checked.exitCode;
    const { survey } = checked;
    const bounds = boundsOf(flags, config, survey);
    return await solveBatch({ flags, format, overrides, bounds, input, files, badRows, survey }, context);
  } finally {
    await badRows.close();
  }
}
