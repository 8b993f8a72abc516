import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { helpText } from '../../cli/help.ts';
import type { Config } from '../../config/schema.ts';
import { compileRouter } from '../../core/routing/region-router.ts';
import { UsageError } from '../../domain/errors.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';
import { loadCurrentFailoverPlan } from './current-failover-plan.ts';
import { declareRouteFlags, type RouteFlags, type RouteFormat, routeFormat } from './flags.ts';
import { csvRows, jsonDocument, jsonLines, TableText } from './formats.ts';
import { RouteStats, type RouteText } from './route-row.ts';
import { routeUrls, type Routing } from './route-urls.ts';
import { openUrlInput, type RouteFiles } from './url-input.ts';
import { renderRouteSummary } from './view.ts';

const examples = `
The input has one URL per line; blank lines and lines starting with # are ignored. In a terminal, up to 200 rows are
drawn as a table; other output is written as the input is read.

Exit code 1: at least one line is not a valid URL.

Examples:
  $ captcha route https://shop.example.de/login www.example.co.jp
  $ captcha route --explain https://shop.example.com/eu/cart
  $ captcha route --file urls.txt --format csv > routes.csv
  $ captcha route --file tasks.csv --column pageurl --format jsonl | jq -r .region | sort | uniq -c
  $ captcha route --health < urls.txt`;

/** Declares `captcha route`. */
export function register(command: Command, runCommand: CommandRunner): void {
  declareRouteFlags(command.argument('[urls...]', 'URLs, or - to read a list from standard input'))
    .addHelpText('after', helpText(examples))
    .action((urls: string[], flags: Omit<RouteFlags, 'urls'>) => runCommand(run, { ...flags, urls }));
}

function checkRegions({ regions }: Config): void {
  if (regions.length > 0) return;
  throw new UsageError(
    'no regions are configured',
    'add them under "regions" in captcha.config.json; to try it without: captcha --sandbox route URL',
  );
}

async function routingOf({ explain, health }: RouteFlags, config: Config, context: Context): Promise<Routing> {
  const { regions, routes } = config;
  const queues = regions.flatMap(({ name, queue }) => (queue === null ? [] : [[name, maskSecrets(queue)] as const]));
  return {
    router: compileRouter(regions, routes),
    queues: new Map(queues),
    plan: health === true ? await loadCurrentFailoverPlan(config, context) : null,
    explain: explain === true,
  };
}

function textOf(
  format: RouteFormat,
  { plan, explain }: Routing,
  deps: { files: RouteFiles; context: Context },
): RouteText {
  switch (format) {
    case 'table':
      return new TableText(deps.context.terminal.columns);
    case 'csv':
      return csvRows(deps.files, { present: plan !== null, considered: explain });
    case 'jsonl':
      return jsonLines();
    case 'json':
      return jsonDocument();
  }
}

/** Says for every URL which region its task goes to, and why. */
export async function run(flags: RouteFlags, context: Context): Promise<number> {
  const { terminal, globals, clock } = context;
  const format = routeFormat(flags, globals.json);
  const { config, warnings } = await context.config([]);
  for (const warning of warnings) terminal.note(`warning: ${warning}`);
  checkRegions(config);
  const files = await context.routeFiles();
  const { source, ...input } = openUrlInput(flags, files);
  const stats = new RouteStats();
  try {
    const routing = await routingOf(flags, config, context);
    const text = textOf(format, routing, { files, context });
    await routeUrls(source, routing, { ...input, terminal, stats, clock, text });
    if (stats.urls === 0)
      throw new UsageError(
        'the input contains no URLs',
        'write one URL per line, or name a CSV column with --column NAME',
      );
    const { unreachable } = routing.router;
    const summary = stats.summary({ regionCount: config.regions.length, unreachable }, routing.plan?.moves ?? null);
    terminal.note(renderRouteSummary(summary), { fields: { summary } });
    return stats.bad > 0 ? exitCodes.notAllSolved : exitCodes.done;
  } finally {
    await source.close();
  }
}
