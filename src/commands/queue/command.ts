import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { getQueueStatuses, openRegionQueue } from '../../cli/fleet/region-queues.ts';
import { deadReport, queueReport, renderDead, renderQueues, renderRequeued } from './view.ts';

const examples = `
Examples:
  $ captcha queue show
  $ captcha queue dead us-east-1 --json | jq -r '.dead[] | [.id, .reason] | @tsv'
  $ captcha queue requeue us-east-1
  $ captcha queue requeue us-east-1 b-0123456789-00112233445566778899aabbccddeeff

A task is set aside (a dead letter) where it was handed out again and again without a result. Exit code of show 0: all
queues can be reached; 1: some cannot; 4: none can. Of dead and requeue 0: done; 1: some of the ids are no dead letters; 4:
the queue cannot be reached. No API key is needed.`;

/** Dead letters beyond this are counted, not listed. */
const maxListed = 1_000;

/** Declares `captcha queue show|dead|requeue`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command.addHelpText('afterAll', examples);
  command
    .command('show')
    .description('how many tasks wait, are in flight and were set aside in every region')
    .action(() => runCommand(show, {}));
  command
    .command('dead')
    .argument('<region>', 'a region')
    .description('the tasks of a region that were set aside')
    .action((region: string) => runCommand(dead, { region, ids: [] }));
  command
    .command('requeue')
    .argument('<region>', 'a region')
    .argument('[ids...]', 'queue ids (default: all that were set aside)')
    .description('queue tasks again that were set aside; what was paid for is polled')
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

/** Lists what was set aside in a region. */
export async function dead({ region }: QueueFlags, context: Context): Promise<number> {
  const { globals, terminal } = context;
  const queue = await openRegionQueue(region, context);
  const deadTasks = await queue.dead(maxListed);
  const { dead: count } = deadTasks.length < maxListed ? { dead: deadTasks.length } : await queue.depth();
  const report = deadReport({ region, deadTasks, count });
  await (globals.json ? terminal.json(report) : terminal.result(renderDead(report, terminal.columns)));
  if (deadTasks.length > 0) terminal.note(`queue them again: captcha queue requeue ${region} [ID...]`);
  return exitCodes.done;
}

/** Queues again what was set aside in a region. */
export async function requeue({ region, ids }: QueueFlags, context: Context): Promise<number> {
  const { globals, terminal } = context;
  const queue = await openRegionQueue(region, context);
  const wanted = new Set(ids);
  const requeued = await queue.requeue(wanted.size === 0 ? null : [...wanted]);
  const unknown = Math.max(0, wanted.size - requeued);
  await (globals.json ? terminal.json({ region, requeued, unknown }) : terminal.result(renderRequeued(requeued)));
  if (unknown > 0) terminal.note(`${unknown} of ${wanted.size} ids: no dead letter of ${region} (captcha queue dead)`);
  return unknown > 0 ? exitCodes.notAllSolved : exitCodes.done;
}
