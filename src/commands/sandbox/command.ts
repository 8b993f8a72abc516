import type { Command } from 'commander';
import type { CommandRunner, Context, SandboxFlags, SandboxTotals } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { optionWithChoices } from '../../cli/choices.ts';
import { repeatable } from '../../cli/flags.ts';
import { quantity } from '../../cli/format.ts';
import { helpText } from '../../cli/help.ts';

const modes = `
Modes of --fault and --outage. Prefix one with submit/ or poll/ to affect only that endpoint:
  100..599                this HTTP status with an HTML page; 520..527 with that of Cloudflare
  reset                   the connection is dropped
  hang                    the request is never answered
  html                    an HTML page with HTTP 200
  captive-portal          the sign-in page of a guest network with HTTP 200
  create-task             the answer of a service with the createTask protocol
  empty                   nothing, with HTTP 200
  truncated               half of the answer to a served request
  reset-after             the request is served, then the connection is dropped
  empty-solution          an answer that says solved and has no content
  plain                   plain text although JSON was requested
  windows-1251            the right answer in this charset (Russian text: --param lang=ru)
  gzip                    the right answer, compressed without being requested
  deflate                 the same in this coding
  br                      the same in this coding
  ERROR_...               this error code, for example ERROR_NO_SLOT_AVAILABLE or "ERROR: 1005"`;

const quirks = `
  numeric-ids             the id of a reCAPTCHA task is a JSON number
  only-result             Enterprise and Cloudflare solutions are in "result" only, not in "request" too
  bare-geetest            a GeeTest v3 solution has no envelope
  object-geetest          a GeeTest v3 solution is an object, not JSON in a string
  no-hcaptcha             hcaptcha is refused
  any-proxytype           proxytype may be in lower case, and SOCKS is accepted for every method
  no-threadsinfo          the action threadsinfo is unknown
  zero-balance-when-full  a submission without a free thread gets ERROR_ZERO_BALANCE
  error-text              an error in JSON has an explanation in "error_text"
  self-signed             https with a self-signed certificate
  block-rules             an address that sends too many requests, or five wrong keys, is blocked
  pingback-drop           no pingback is sent
  pingback-twice          every pingback is sent twice`;

const quirkNames = [...quirks.matchAll(/^ {2}(\S+)/gm)].map(([, name = '']) => name);

const examples = `
Examples:
  $ captcha sandbox --port 8080
  $ captcha sandbox --latency 2s-8s --threads 20 --outage 503:10s-25s --retry-after 7s
  $ captcha sandbox --fault ERROR_NO_SLOT_AVAILABLE:0.2 --fault reset:0.05
  $ captcha sandbox --quirk numeric-ids --quirk error-text --balance 0.00040`;

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
    .option('--balance <amount>', 'balance of the account, answered as written; 0 refuses submissions (default: 100)')
    .option('--retry-after <duration>', 'send Retry-After with HTTP 429 and 503 of --fault and --outage')
    .addOption(
      optionWithChoices(
        '--quirk <name>',
        'behave like a service that clients have trouble with, see below (repeatable)',
        quirkNames,
      ).argParser(repeatable),
    )
    .option('--without-solve-php', 'leave out /solve.php, which answers an image with its solution')
    .addHelpText('after', helpText(`${modes}\n\nQuirks:${quirks}\n${examples}`))
    .action((flags: SandboxFlags) => runCommand(run, flags));
}

async function announce(url: string, key: string, { terminal, globals }: Context): Promise<void> {
  if (globals.json) return terminal.json({ url, key });
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
