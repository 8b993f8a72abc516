import type { Command } from 'commander';
import { exportBatch } from '../batch/export-batch.ts';
import { boundsOf } from '../batch/batch-bounds.ts';
import { type BatchFlags, declareBatchFlags, outputFormat } from '../batch/batch-flags.ts';
import { overridesOfBatch } from '../batch/batch-overrides.ts';
import { openBadRows } from '../batch/bad-rows.ts';
import { checkFlags } from '../batch/check-flags.ts';
import { checkInput } from '../batch/check-input.ts';
import { isPlain, meantBy } from '../batch/batch-columns.ts';
import { type BatchInput, openBatchInput } from '../batch/read-input.ts';
import { renderColumns, renderMeant } from '../output/batch-view.ts';
import { shownName } from '../../domain/written-name.ts';
import { checkFleet } from '../fleet/open-fleet.ts';
import { checkWorkersFlags } from '../fleet/queued-flags.ts';
import { solveBatch } from '../batch/solve-batch.ts';
import type { LoadedConfig } from '../../config/load.ts';
import type { Context } from '../context.ts';
import type { Act } from '../act.ts';

const examples = `
The input is CSV with a header or JSON Lines, with the columns method, sitekey, pageurl, page_action, file, body, task_id,
region, priority. A column with the name of a documented protocol parameter, param.NAME and what --send names are
sent, too; every other column is carried through and never sent. Run the same command again to continue.

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

/** The files that are read whatever the flags of the batch say. */
function filesRead({ config, file }: LoadedConfig, { env }: Context): readonly { what: string; path: string }[] {
  const { CAPTCHAAI_API_KEY_FILE: keyFile = config.api.keyFile } = env;
  return [
    ...(file === null ? [] : [{ what: 'the configuration', path: file.path }]),
    ...(keyFile === null || keyFile === '' ? [] : [{ what: 'the key file', path: keyFile }]),
  ];
}

/** Of columns that come up in later records, so many are told of. */
const mostTold = 20;

/** Says what is sent of the input and what is not, now and where later records of JSON Lines bring other columns. */
function tellColumns({ plan, uses }: BatchInput, { dryRun }: BatchFlags, { terminal }: Context): void {
  const tellMeant = (column: string): void => {
    const meant = meantBy(column, plan);
    if (meant !== null) terminal.note(renderMeant(column, meant));
  };
  // Of --dry-run it is the result.
  if (dryRun !== true && !isPlain(plan)) terminal.note(renderColumns(plan), { fields: { columns: plan } });
  plan.carried.forEach(tellMeant);
  let told = 0;
  uses.onUnknown = (column) => {
    told += 1;
    if (told > mostTold) return;
    terminal.note(`the column ${shownName(column)} of a later record is carried, never sent`);
    tellMeant(column);
  };
}

/** Solves the tasks of a file, one row each, however often it is interrupted and run again. */
export async function run(given: BatchFlags, context: Context): Promise<number> {
  const flags = given.out === '/dev/stdout' ? { ...given, out: '-' } : given;
  const format = outputFormat(flags, context.globals.json);
  const overrides = overridesOfBatch(flags);
  const loaded = await context.config(overrides);
  const { config } = loaded;
  const files = await context.batchFiles();
  const reads = filesRead(loaded, context);
  await checkFlags({ flags, isSandbox: context.globals.sandbox, files, reads }, config);
  if (flags.via === 'queues') {
    checkFleet(config, flags.region, context);
    checkWorkersFlags(flags, config, context);
  }
  const input = await openBatchInput(flags, config, files, (text) => context.terminal.note(text));
  if (flags.export === true) return exportBatch({ flags, format, input, files }, context);
  tellColumns(input, flags, context);
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
