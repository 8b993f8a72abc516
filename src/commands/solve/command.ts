import { type Command, Option } from 'commander';
import { checkedTask, PolicyDeniedError, type TaskInput } from '../../cli/checked-task.ts';
import type { CommandRunner, Context, SolveSession } from '../../cli/context.ts';
import { renderEvent, severityOf } from '../../cli/event-view.ts';
import { exitCodeOfOutcome, exitCodes } from '../../cli/exit-codes.ts';
import { optionWithChoices } from '../../cli/choices.ts';
import { budgetOverrides, overridesOf, repeatable, writerOf } from '../../cli/flags.ts';
import { checkExecutionMode, checkWorkersFlags, executionModes, limitsOfFlags } from '../../cli/fleet/queued-flags.ts';
import { helpText } from '../../cli/help.ts';
import {
  collectHint,
  discardedHint,
  gaveUpFields,
  namesBesideText,
  outcomeReport,
  renderGaveUp,
} from '../../cli/outcome-view.ts';
import { type Progress, startProgress, withElapsedTime } from '../../cli/progress.ts';
import type { Override } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { closestName } from '../../domain/closest-name.ts';
import { UsageError } from '../../domain/errors.ts';
import type { SolverEvent } from '../../domain/events.ts';
import type { GaveUp, Outcome, Solution } from '../../domain/outcome.ts';
import type { Task } from '../../domain/task.ts';
import { knownMethods } from '../../protocol/methods.ts';
import { type TaskFlags, taskInputOf } from './task-input.ts';
import { renderRequest, requestReport } from './view.ts';

/** Keeps the paid id and prints it when Ctrl-C is pressed. */
class SolveProgress {
  readonly #context: Context;
  readonly #progress: Progress;
  #liveId: string | null = null;
  #isSubmitting = false;
  readonly #waits = new Set<SolverEvent['type']>();

  constructor(context: Context, progress: Progress) {
    this.#context = context;
    this.#progress = progress;
    context.interrupt.listen({ onFirst: () => this.#logStillPolling(), onSecond: () => this.logPaidId() });
  }

  show(event: SolverEvent): void {
    const { terminal, interrupt } = this.#context;
    const { level, text } = renderEvent(event);
    terminal.note(text, {
      level: this.#isNewWait(event) ? 0 : level,
      fields: { event },
      severity: severityOf(event),
    });
    this.#progress.update(text);
    if (event.type === 'submitting' || event.type === 'submitted' || event.type === 'attempt-failed') {
      this.#isSubmitting = event.type === 'submitting';
    }
    if (event.type === 'attempt-failed' && event.fault.kind === 'unsolvable') this.#liveId = null;
    if (event.type !== 'submitted') return;
    this.#liveId = event.captchaId;
    if (interrupt.stop.aborted) this.#logStillPolling();
  }

  /** What a task waits for is said once; on a terminal the live line goes on to show it. */
  #isNewWait(event: SolverEvent): boolean {
    const isRefused = event.type === 'breaker-refused' || event.type === 'submission-refused';
    const isPause = event.type === 'threads-full' || event.type === 'cooling-down';
    const isWait = isPause || (isRefused && event.isWaiting);
    if (!isWait || this.#waits.has(event.type)) return false;
    this.#waits.add(event.type);
    return true;
  }

  /** Names the paid id, so that it can be collected however the command ends. */
  logPaidId(): void {
    // The process may end by a signal, which leaves a hidden cursor hidden.
    this.#progress.stop();
    const { terminal, globals } = this.#context;
    if (this.#liveId !== null) terminal.error(collectHint([this.#liveId], globals));
    else if (this.#isSubmitting) terminal.error('interrupted during a submission: it may have been charged');
  }

  #logStillPolling(): void {
    const id = this.#liveId;
    const underWay = this.#isSubmitting ? 'stopping: waiting for the id of the running submission' : 'stopping';
    const what = id === null ? underWay : `stopping: ${id} is paid for and still polled`;
    const hint = id === null ? '' : `\n  ${collectHint([id], this.#context.globals)}`;
    this.#context.terminal.error(`${what} (signal again to exit immediately)${hint}`);
  }
}

/** Solves a task with progress on stderr, a spinner on a terminal and Ctrl-C handling. */
export async function solveWatched(
  task: Task,
  onExhausted: 'fail' | 'wait',
  { context, session }: { context: Context; session: SolveSession },
): Promise<Outcome> {
  const text = `solving ${task.method}`;
  const spinner = await startProgress(context, text);
  const progress = withElapsedTime(spinner, text, context.clock);
  const solveProgress = new SolveProgress(context, progress);
  try {
    return await session
      .solver((event) => solveProgress.show(event), { onExhausted })
      .solve(task, context.interrupt.stop);
  } catch (error) {
    solveProgress.logPaidId();
    throw error;
  } finally {
    progress.stop();
  }
}

export interface SolveFlags extends TaskFlags {
  readonly timeout?: string;
  readonly maxAttempts?: string;
  readonly via?: string;
  readonly budget?: string;
  readonly label?: string;
  readonly failFast?: true;
  /** Accepted for scripts of earlier versions: waiting is the default. */
  readonly waitForBudget?: true;
  readonly allowFastPolling?: true;
  /** False after `--no-submit`. */
  readonly submit: boolean;
}

const examples = `
Methods, by their protocol names:
  userrecaptcha         reCAPTCHA v2; v3 with --param version=v3, Enterprise with --param enterprise=1
  turnstile             Cloudflare Turnstile
  cloudflare_challenge  Cloudflare challenge page; needs a proxy
  geetest               GeeTest v3 (--param challenge=...); v4 with --param version=4
  base64                image
  post                  question in words: --param textcaptcha='...'

Other methods, such as hcaptcha and funcaptcha, are sent too, but CaptchaAI does not document them. captcha methods lists all of
them with their parameters.

Examples:
  $ captcha solve --method turnstile --sitekey 0x4AAA --pageurl https://example.com/login
  $ captcha solve --method userrecaptcha --sitekey 6Le... --pageurl https://example.com --param version=v3 --page-action login
  $ captcha solve image.png
  $ captcha solve cars.png --method bounding_box --image imginstructions=instructions.png
  $ curl -s https://example.com/captcha.png | captcha solve - --json`;

/** Declares `captcha solve`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command
    .argument('[file]', 'image file, or - to read an image from standard input')
    .addOption(
      optionWithChoices(
        '--method <name>',
        'CAPTCHA type by its protocol name, see below (default for a file: base64)',
        knownMethods(),
      ),
    )
    .option('--sitekey <key>', 'site key; sent under the name that the method expects')
    .option('--pageurl <url>', 'URL of the page that shows the CAPTCHA')
    .option('--page-action <name>', 'action that the page sets (reCAPTCHA v3, Turnstile)')
    .option('--param <name=value>', 'set any other protocol parameter (repeatable)', repeatable)
    .option('--image <name=file>', 'send another image file as this parameter (repeatable)', repeatable)
    .option(
      '--param-file <file>',
      'read parameters from a JSON file, for example a proxy with a password, which must not be on the command line',
    )
    .option(
      '--timeout <duration>',
      'time limit for all attempts, waits and polls (default: 300s; config: solve.timeout)',
    )
    .option('--max-attempts <n>', 'maximum number of submissions (default: 3; config: retry.maxAttempts)')
    .option('--region <name>', 'use this region and its parameters instead of the routed region')
    .addOption(
      optionWithChoices(
        '--via <mode>',
        'execution mode: direct (this process) or queues (a worker of the region) (default: direct)',
        executionModes,
      ),
    )
    .option('--budget <rate>', 'replace the retry budget: 10/s is a bucket of 10 tokens, refilled with 10 per second')
    .option('--label <name>', 'whose submission this is, for the limits and the audit (or CAPTCHA_LABEL)')
    .option(
      '--fail-fast',
      'exit 4 at once instead of waiting for a thread, the retry budget, the breaker, a hold or a limit',
    )
    .addOption(new Option('--wait-for-budget').hideHelp())
    .option('--allow-fast-polling', 'poll faster than the service advises; it may block the account')
    .option('--no-submit', 'validate the task and print the request without sending it')
    .addHelpText('after', helpText(examples))
    .action((file: string | undefined, flags: SolveFlags) =>
      runCommand(run, file === undefined ? flags : { ...flags, file }),
    );
}

function overridesOfFlags({ timeout, maxAttempts, budget }: SolveFlags): readonly Override[] {
  const paths = { timeout: 'solve.timeout', maxAttempts: 'retry.maxAttempts' };
  return [...overridesOf({ timeout, maxAttempts }, paths), ...budgetOverrides(budget)];
}

/** Flags go before the configuration. */
function onExhaustedOf({ failFast, waitForBudget }: SolveFlags, { budget }: Config): 'fail' | 'wait' {
  if (failFast === true) return 'fail';
  return budget.onExhausted === 'fail' && waitForBudget !== true ? 'fail' : 'wait';
}

/** A hint for an unknown method. Unknown methods are sent: the service may know more of them. */
function methodHint(method: string, { code }: GaveUp): string | null {
  const isUnknown = code === 'ERROR_METHOD_CALL' || code === 'ERROR_NO_SUCH_METHOD';
  const meant = isUnknown ? closestName(method, knownMethods()) : null;
  return meant === null || meant === method ? null : `did you mean --method ${meant}?`;
}

/** Prints the text alone. What else belongs to the solution is named, because the text may be useless without it. */
async function showSolution(solution: Solution, terminal: Context['terminal']): Promise<void> {
  await terminal.data(`${solution.text}\n`);
  const names = namesBesideText(solution);
  if (names.length > 0)
    terminal.note(`not printed: ${names.join(', ')} (--json prints ${names.length === 1 ? 'it' : 'them'})`);
}

async function show(outcome: Outcome, { rule, region, method }: Task, { globals, terminal }: Context): Promise<void> {
  try {
    if (globals.json) await terminal.json({ ...outcomeReport(outcome), homeRegion: region, rule });
    else if (outcome.status === 'solved') await showSolution(outcome.solution, terminal);
  } catch (error) {
    if (outcome.captchaId !== null)
      terminal.error(`the result could not be written; ${collectHint([outcome.captchaId], globals)}`);
    throw error;
  }
  if (outcome.status === 'solved') {
    const { captchaId } = outcome;
    if (terminal.discardsResults) terminal.error(discardedHint(captchaId === null ? [] : [captchaId], globals));
    return;
  }
  terminal.error(renderGaveUp(outcome, globals), gaveUpFields(outcome));
  const hint = methodHint(method, outcome);
  if (hint !== null) terminal.error(hint);
}

/** A task that the policy denies is a usage error; with `--json` it also has an outcome. */
async function showDenied(check: () => Task, { taskId }: TaskInput, { globals, terminal }: Context): Promise<Task> {
  try {
    return check();
  } catch (error) {
    if (error instanceof PolicyDeniedError && globals.json) {
      const denied = { taskId, region: null, attempts: [], durationMs: 0, possiblyCharged: false } as const;
      const why = { status: 'failed', reason: 'policy-denied', code: null, message: error.message } as const;
      await terminal.json(outcomeReport({ ...denied, ...why, retryInMs: null, captchaId: null, submittedAt: null }));
    }
    throw error;
  }
}

/** Shows the request and sends nothing; no key is needed. */
async function showRequest(task: Task, baseUrl: string, { globals, terminal }: Context): Promise<number> {
  const report = requestReport(task, baseUrl);
  await (globals.json ? terminal.json(report) : terminal.result(renderRequest(report)));
  return exitCodes.done;
}

/** Lets a worker of the region solve the task. */
async function solveElsewhere(
  task: Task,
  { flags, config, overrides }: { flags: SolveFlags; config: Config; overrides: readonly Override[] },
  context: Context,
): Promise<number> {
  // Most runs have no queues, and need not wait for their code.
  const [{ checkFleet }, { solveQueued }] = await Promise.all([
    import('../../cli/fleet/open-fleet.ts'),
    import('./solve-queued.ts'),
  ]);
  checkFleet(config, flags.region, context);
  checkWorkersFlags(flags, config);
  const { region } = task;
  if (region === null) throw new UsageError('the task has no region', 'add --region NAME, or set routes.default');
  const { terminal } = context;
  context.interrupt.listen({
    onFirst: () => terminal.error('stopping: the task stays in its queue; read the result later with captcha results'),
    onSecond: () => undefined,
  });
  const allowFastPolling = flags.allowFastPolling === true;
  const limits = limitsOfFlags(flags, config);
  const writer = writerOf('solve', flags, context.env);
  const queued = { task: { ...task, region }, config, limits, overrides, allowFastPolling, writer };
  const outcome = await solveQueued(queued, context);
  await show(outcome, task, context);
  return exitCodeOfOutcome(outcome);
}

/** Solves one task and prints its solution or the reason. Invalid tasks are refused before the key is loaded. */
export async function run(flags: SolveFlags, context: Context): Promise<number> {
  checkExecutionMode(flags.via);
  const overrides = overridesOfFlags(flags);
  const { config } = await context.config(overrides);
  const input = await taskInputOf(flags, context);
  const warn = (text: string): void => context.terminal.note(text);
  const task = await showDenied(() => checkedTask(input, config, warn), input, context);
  if (!flags.submit) return showRequest(task, config.api.baseUrl, context);
  if (flags.via === 'queues') return solveElsewhere(task, { flags, config, overrides }, context);
  const writer = writerOf('solve', flags, context.env);
  const session = await context.session({ overrides, allowFastPolling: flags.allowFastPolling === true, writer });
  try {
    const outcome = await solveWatched(task, onExhaustedOf(flags, config), { context, session });
    await show(outcome, task, context);
    return exitCodeOfOutcome(outcome);
  } finally {
    await session.close();
  }
}
