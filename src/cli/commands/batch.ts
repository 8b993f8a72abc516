import type { Command } from 'commander';
import { UsageError } from '../../domain/usage-error.ts';
import { exportBatch } from '../batch/export-batch.ts';
import { type BatchFlags, declareBatchFlags, outputFormat } from '../batch/batch-flags.ts';
import { overridesOfBatch } from '../batch/batch-overrides.ts';
import { openBadRows } from '../batch/bad-rows.ts';
import { checkInput } from '../batch/check-input.ts';
import { openBatchInput } from '../batch/read-input.ts';
import { solveBatch } from '../batch/solve-batch.ts';
import type { Context } from '../context.ts';
import type { Act } from '../program.ts';

const examples = `
The input is CSV with a header or JSON Lines, with the columns method, sitekey, pageurl, file, body, task_id, region,
priority; every other column is a protocol parameter of that name. Run the same command again to continue.

Examples:
  $ captcha batch tasks.csv --out solved.csv --errors bad.csv
  $ captcha batch tasks.csv --dry-run
  $ captcha batch tasks.jsonl --out - --concurrency 50 --max-failures 5% | consumer
  $ captcha batch tasks.csv --out solved.csv --retry-failed`;

/** Declares `captcha batch`. */
export function register(command: Command, act: Act): void {
  declareBatchFlags(command.argument('<file>', 'the input, or - for standard input'))
    .addHelpText('after', examples)
    .action((file: string, flags: Omit<BatchFlags, 'file'>) => act(run, { ...flags, file }));
}

function checkFlags({ via, file, journal, out }: BatchFlags): void {
  if (via !== undefined && via !== 'direct') {
    throw new UsageError(`--via ${via}: this version solves directly only`, 'leave --via out, or say --via direct');
  }
  if (out === file && file !== '-') throw new UsageError('--out is the input itself', 'name another file');
  if (journal !== undefined && (journal === file || journal === out)) {
    throw new UsageError('--journal names the input or the output', 'give it a file of its own');
  }
}

/** Solves the tasks of a file, one row each, however often it is interrupted and run again. */
export async function run(flags: BatchFlags, context: Context): Promise<number> {
  checkFlags(flags);
  const format = outputFormat(flags, context.globals.json);
  const overrides = overridesOfBatch(flags);
  const { config } = await context.config(overrides);
  const files = await context.batchFiles();
  const input = await openBatchInput(flags, config, files);
  if (flags.export === true) return exportBatch({ flags, format, input, files }, context);
  const badRows = await openBadRows(flags.errors, files, context.terminal);
  try {
    const checked = await checkInput({ flags, input, badRows }, context);
    if (checked.exitCode !== null) return checked.exitCode;
    return await solveBatch({ flags, format, overrides, input, files, badRows, survey: checked.survey }, context);
  } finally {
    await badRows.close();
  }
}
