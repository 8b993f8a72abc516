import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { getQueueStatuses, openRegionQueue } from '../../cli/fleet/region-queues.ts';
import { helpText } from '../../cli/help.ts';
import { deadReport, queueReport, renderDead, renderQueues, renderRequeued } from './view.ts';
import { shellQuoted } from '../../domain/shell-word.ts';

const examples = `
A task becomes a dead letter after it was delivered several times without a result. No API key is needed.

Exit codes:
  0  done; show: all queues are reachable
  1  show: some queues are unreachable; dead, requeue: some ids are not dead letters
  4  show: no queue is reachable; dead, requeue: the queue is unreachable

Examples:
  $ captcha queue show
  $ captcha queue dead us-east-1 --json | jq -r '.dead[] | [.id, .reason] | @tsv'
  $ captcha queue requeue us-east-1
  $ captcha queue requeue us-east-1 b-0123456789-00112233445566778899aabbccddeeff`;

/** Dead letters beyond this are counted, not listed. */
const maxListed = 1_000;

/** Declares `captcha queue show|dead|requeue`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command.addHelpText('afterAll', helpText(examples));
  command
    .command('show')
    .description('show waiting tasks, running tasks and dead letters of every region')
    .action(() => runCommand(show, {}));
  command
    .command('dead')
    .argument('<region>', 'name of a region')
    .description('list the dead letters of a region')
    .action((region: string) => runCommand(dead, { region, ids: [] }));
  command
    .command('requeue')
    .argument('<region>', 'name of a region')
    .argument('[ids...]', 'queue ids (default: all dead letters)')
    .description('requeue dead letters; tasks already paid for are polled, not resubmitted')
    .action((region: string, ids: readonly string[]) => runCommand(requeue, { region, ids }));
}

interface QueueFlags {
  readonly region: string;
  readonly ids: readonly string[];
}

/** Prints how full the queues are. */
export async function show(_flags: object, context: Context): Promise<number> {
  const { globals, terminal } = context;
  const statuses = await getQueueStatuses(context);
  const report = queueReport(statuses);
  await (globals.json ? terminal.json(report) : terminal.result(renderQueues(report, terminal.columns)));
  const unavailableCount = statuses.filter(({ error }) => error !== null).length;
  if (unavailableCount === 0) return exitCodes.done;
  return unavailableCount === statuses.length ? exitCodes.unavailable : exitCodes.notAllSolved;
}

/** Another of these commands, for the same queues. */
function queueCommand(name: string, region: string, { config, sandbox }: Context['globals']): string {
  const flags = [...(sandbox ? ['--sandbox'] : []), ...(config === null ? [] : ['--config', shellQuoted(config)])];
  return ['captcha', ...flags, 'queue', name, shellQuoted(region)].join(' ');
}

/** Lists the dead letters of a region. */
export async function dead({ region }: QueueFlags, context: Context): Promise<number> {
  const { globals, terminal } = context;
  const queue = await openRegionQueue(region, context);
  const deadTasks = await queue.dead(maxListed);
  const { dead: count } = deadTasks.length < maxListed ? { dead: deadTasks.length } : await queue.depth();
  const report = deadReport({ region, deadTasks, count });
  await (globals.json ? terminal.json(report) : terminal.result(renderDead(report, terminal.columns)));
  if (deadTasks.length > 0) terminal.note(`to requeue them: ${queueCommand('requeue', region, globals)} [ID...]`);
  return exitCodes.done;
}

/** Requeues the dead letters of a region. */
export async function requeue({ region, ids }: QueueFlags, context: Context): Promise<number> {
  const { globals, terminal } = context;
  const queue = await openRegionQueue(region, context);
  const wanted = new Set(ids);
  const requeued = await queue.requeue(wanted.size === 0 ? null : [...wanted]);
  const unknown = Math.max(0, wanted.size - requeued);
  await (globals.json ? terminal.json({ region, requeued, unknown }) : terminal.result(renderRequeued(requeued)));
  if (unknown > 0)
    terminal.note(
      `${unknown} of ${wanted.size} ids are not dead letters of ${region} that can be requeued; to list them: ${queueCommand('dead', region, globals)}`,
    );
  return unknown > 0 ? exitCodes.notAllSolved : exitCodes.done;
}
