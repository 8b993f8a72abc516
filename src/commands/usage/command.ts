import type { Command } from 'commander';
import { type CommandRunner, type Context, withAccount } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { formatMoment } from '../../cli/format.ts';
import { helpText } from '../../cli/help.ts';
import { usageReport } from '../../core/solve/usage-report.ts';
import { parseDuration } from '../../domain/duration.ts';
import { UsageError } from '../../domain/errors.ts';
import { valueOrNull } from '../../domain/fault.ts';
import { hourMs } from '../../domain/usage.ts';
import { journalRecords } from './journal-records.ts';
import { csvColumns, csvValues, renderUsage, type UsageSource, verdictOf } from './view.ts';

const examples = `
Solve, batch and worker count what they do with the threads of the account, per hour, on this host or in the Redis of the
retry budget. A journal is counted by itself: its tasks may be in the counts of the host, too.

Examples:
  $ captcha usage
  $ captcha usage --since 24h
  $ captcha usage tasks.csv.journal --since 31d
  $ captcha usage --format csv > usage.csv
  $ captcha usage --json | jq .shared.plan`;

export interface UsageFlags {
  readonly journals: readonly string[];
  readonly since?: string;
  readonly format?: string;
}

const dayMs = 86_400_000;
const defaultSinceMs = 7 * dayMs;
/** What is older is removed. */
const maxSinceMs = 31 * dayMs;

/** Declares `captcha usage`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command
    .argument('[journal...]', 'journals of batches to count, too')
    .option('--since <duration>', 'how far back to count, up to 31d (default: 7d)')
    .option('--format <format>', 'table or csv (default: table)')
    .addHelpText('after', helpText(examples))
    .action((journals: string[], flags: Omit<UsageFlags, 'journals'>) => runCommand(run, { ...flags, journals }));
}

/** The duration of `--since`, in ms. Days are allowed here: reports cover weeks. */
function sinceMsOf(since: string | undefined): number {
  if (since === undefined) return defaultSinceMs;
  const days = /^(\d+)d$/.exec(since)?.[1];
  const ms = days === undefined ? parseDuration(since) : Number(days) * dayMs;
  if (ms === null || ms <= 0 || ms > maxSinceMs) {
    throw new UsageError(`--since ${since}: not a duration up to 31d`, 'use hours or days, for example 24h or 7d');
  }
  return ms;
}

function checkFormat({ format }: UsageFlags, { globals }: Context): 'table' | 'csv' {
  if (format !== undefined && format !== 'csv' && format !== 'table')
    throw new UsageError(`--format ${format}: unknown format`, 'use table or csv, or --json');
  if (globals.json && format !== undefined)
    throw new UsageError('--format cannot be used with --json', 'omit one of them');
  return format ?? 'table';
}

interface SharedUsage extends UsageSource {
  /** The URL of the service, and a hash that stands for the API key. */
  readonly service: string;
  readonly account: string;
}

interface JournalUsage extends UsageSource {
  readonly path: string;
}

/** The use that processes counted; null if every process keeps its own state. */
async function sharedUsage(sinceHour: number, context: Context): Promise<SharedUsage | null> {
  const { config } = await context.config([]);
  const usage = await context.usage(config, sinceHour);
  if (usage === null) return null;
  const { service, account, records } = usage;
  const counted = usageReport(records);
  // A process that solves one task does not ask for the number of threads.
  const isAsked = counted.rows.length > 0 && counted.threads.threads === null;
  const asked = isAsked ? await valueOrNull(() => withAccount(context, (api) => api.threads())) : null;
  const report = asked === null ? counted : usageReport(records, asked.threads);
  return { service, account, ...report, verdict: verdictOf(report, { isJournal: false }) };
}

async function journalUsage(path: string, sinceMs: number, context: Context): Promise<JournalUsage> {
  const files = await context.batchFiles();
  const report = usageReport(await journalRecords(files.journalRows(path), sinceMs));
  return { path, ...report, verdict: verdictOf(report, { isJournal: true }) };
}

function noteNothing(shared: SharedUsage | null, { globals, terminal }: Context): void {
  const where = 'or name the journal of a batch: captcha usage FILE.journal';
  if (shared !== null) terminal.note(`nothing was counted in this time: run captcha solve, batch or worker, ${where}`);
  else if (globals.sandbox) terminal.note(`nothing is counted with --sandbox: run the command without it, ${where}`);
  else terminal.note(`nothing is counted with budget.scope process: set it to host or to a Redis, ${where}`);
}

async function printTables(
  { shared, journals, since }: { shared: SharedUsage | null; journals: readonly JournalUsage[]; since: string },
  context: Context,
): Promise<void> {
  const { columns } = context.terminal;
  const hasShared = shared !== null && shared.rows.length > 0;
  if (!hasShared && journals.length === 0) noteNothing(shared, context);
  const tables = [
    ...(hasShared
      ? [
          renderUsage(shared, {
            title: `${shared.service}, account ${shared.account}, since ${since}:`,
            isJournal: false,
            columns,
          }),
        ]
      : []),
    ...journals.map((each) =>
      each.rows.length === 0
        ? `journal ${each.path}: no finished task since ${since}\n`
        : renderUsage(each, { title: `journal ${each.path}, since ${since}:`, isJournal: true, columns }),
    ),
  ];
  await context.terminal.result(tables.join('\n'));
}

/** Prints what was used of the account: by method and region, and whether its threads are too few or too many. */
export async function run(flags: UsageFlags, context: Context): Promise<number> {
  const format = checkFormat(flags, context);
  const now = context.clock.timestamp();
  const sinceHour = Math.floor((now - sinceMsOf(flags.since)) / hourMs);
  const since = formatMoment(sinceHour * hourMs) ?? '';
  const shared = await sharedUsage(sinceHour, context).catch((error: unknown) => {
    // A journal can be counted without the key.
    if (!(error instanceof UsageError) || flags.journals.length === 0) throw error;
    context.terminal.note(`only the journals are counted: ${error.message}`);
    return null;
  });
  const journals = [];
  for (const path of flags.journals) journals.push(await journalUsage(path, sinceHour * hourMs, context));
  const { globals, terminal } = context;
  if (globals.json) await terminal.json({ since, until: formatMoment(now), shared, journals });
  else if (format === 'table') await printTables({ shared, journals, since }, context);
  else {
    const csv = (await context.routeFiles()).csv(csvColumns);
    const sources = [
      ...(shared === null ? [] : [csvValues('shared', shared)]),
      ...journals.map((each) => csvValues(each.path, each)),
    ];
    await terminal.data(
      `${csv.header}${sources
        .flat()
        .map((values) => csv.render(values))
        .join('')}`,
    );
  }
  return exitCodes.done;
}
