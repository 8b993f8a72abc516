import type { Command } from 'commander';
import type { CommandRunner, Context, SandboxFlags, SandboxTotals } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { repeatable } from '../../cli/flags.ts';
import { quantity } from '../../cli/format.ts';
import { helpText } from '../../cli/help.ts';

const examples = `
MODE is an HTTP status, reset, hang, html, empty, truncated, reset-after, plain, gzip, deflate, br or an error code.
Prefix it with submit/ or poll/ to affect only that endpoint.

Examples:
  $ captcha sandbox --port 8080
  $ captcha sandbox --latency 2s-8s --threads 20 --outage 503:10s-25s
  $ captcha sandbox --fault ERROR_NO_SLOT_AVAILABLE:0.2 --fault reset:0.05`;

/** Declares `captcha sandbox`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command
    .option('--port <port>', 'port to listen on (default: any free port)')
    .option('--latency <from-to>', 'solve time range, for example 50ms-150ms')
    .option('--fault <mode:share>', 'fail this fraction (0..1) of requests (repeatable)', repeatable)
    .option(
      '--outage <mode:from-to>',
      'fail all requests with this mode between two times after start (repeatable)',
      repeatable,
    )
    .option('--threads <n>', 'number of solver threads (default: 100)')
    .option('--regions <names>', 'comma-separated simulated regions')
    .option(
      '--region-outage <text>',
      'NAME:MODE:FROM-TO: fail the health checks of a region between two times; MODE is down or slow (repeatable)',
      repeatable,
    )
    .option('--key <key>', 'accept only this API key (default: any)')
    .option('--without-solve-php', 'leave out /solve.php, which answers an image with its solution')
    .addHelpText('after', helpText(examples))
    .action((flags: SandboxFlags) => runCommand(run, flags));
}

async function announce(url: string, key: string, { terminal, globals }: Context): Promise<void> {
  if (globals.json) return terminal.json({ url });
  await terminal.result(`listening on ${url}\n`);
  await terminal.result(`export CAPTCHAAI_BASE_URL=${url}\nexport CAPTCHAAI_API_KEY=${key}\n`);
}

function renderStats({ submissions, accepted, duplicates }: SandboxTotals): string {
  const counts = `${quantity(submissions, 'submission')}, ${accepted} accepted, ${duplicates} paid for twice`;
  return `stopped: ${counts} (GET /_stats shows all counters)`;
}

/** Runs the embedded service until a signal stops it. */
export async function run(flags: SandboxFlags, context: Context): Promise<number> {
  const { terminal, interrupt, clock } = context;
  interrupt.listen({ onFirst: () => undefined, onSecond: () => undefined });
  const sandbox = await context.sandbox(flags);
  try {
    await announce(sandbox.url, flags.key ?? 'sandbox', context);
    await clock.sleep(Infinity, interrupt.stop);
    const stats = sandbox.stats();
    terminal.note(renderStats(stats), { fields: { stats } });
  } finally {
    await sandbox.close();
  }
  if (interrupt.received !== 'SIGTERM') return exitCodes.interrupted;
  interrupt.markDrained();
  return exitCodes.done;
}
