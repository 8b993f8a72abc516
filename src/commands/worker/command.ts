import type { Command } from 'commander';
import type { CommandRunner, Context, SolveSession } from '../../cli/context.ts';
import { noteTaskEvent } from '../../cli/event-view.ts';
import { writerOf } from '../../cli/flags.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { getMaxDeliveries, createWorkerSolver } from '../../cli/fleet/embedded-workers.ts';
import type { Metric } from '../../cli/metrics/prometheus-text.ts';
import { measureRun } from '../../cli/metrics/run-metrics.ts';
import type { Config } from '../../config/schema.ts';
import { WorkerStats } from '../../core/fleet/worker-metrics.ts';
import { Worker, type WorkerEnd, WorkerPause } from '../../core/fleet/worker.ts';
import { SolveCounts } from '../../core/solve/solve-counts.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';
import type { SolverEvent } from '../../domain/events.ts';
import { createConcurrencyLimit } from '../../cli/concurrency.ts';
import { helpText } from '../../cli/help.ts';
import { declareWorkerFlags, overridesOfWorker, type WorkerFlags, type WorkPlace, workPlaceOf } from './flags.ts';
import { answerWorker, renderWorkerEnd } from './view.ts';

/** A worker that can be run, and what it counts. */
interface RegionWorker {
  readonly worker: Worker;
  readonly stats: WorkerStats;
  /** Its name in messages. */
  readonly name: string;
  readonly metrics: () => readonly Metric[];
}

function optionsOf({ worker, regions }: Config, name: string, { region }: WorkPlace) {
  const { drainTimeoutMs, exitWhenIdleMs } = worker;
  // All regions use one account, and every region has a worker.
  const sharers = Math.max(1, regions.length);
  return { region, worker: name, maxDeliveries: getMaxDeliveries, drainTimeoutMs, exitWhenIdleMs, sharers };
}

/** Builds the worker of a region; nothing is taken before it is run. */
async function buildRegionWorker(place: WorkPlace, session: SolveSession, context: Context): Promise<RegionWorker> {
  const { config } = session;
  const { clock, terminal, interrupt } = context;
  const opener = await context.queues(config);
  const queue = await opener.tasks(place.region, place.queueUrl);
  const results = await opener.results(place.resultsUrl);
  const pause = new WorkerPause({ clock });
  const counts = new SolveCounts({ region: place.region });
  const stats = new WorkerStats({ solveCounts: counts });
  const name = context.program.process;
  const limit = await createConcurrencyLimit(config.worker.concurrency, session, context);
  const emit = (event: SolverEvent): void => {
    pause.recordEvent(event);
    counts.recordEvent(event);
    noteTaskEvent(event, terminal);
  };
  const deps = { queue, results, limit, pause, stats, clock, interrupt: interrupt.stop };
  const options = optionsOf(config, name, place);
  const notify = (message: string): void => terminal.note(message);
  const worker = new Worker(options, { ...deps, notify, solverUntil: createWorkerSolver(session, emit) });
  const load = () => ({ inWork: worker.busy, limit: limit.limit });
  const metrics = measureRun({ command: 'worker', session, counts, load, region: place.region }, context);
  return { worker, stats, name, metrics };
}

/** A worker that ended, as one line of JSON. */
function endReport({ reason, message, isDrained, handedBack }: WorkerEnd, { stats, name }: RegionWorker): object {
  const { solveMs, ...totals } = stats.totals();
  return { type: 'ended', worker: name, reason, message, isDrained, ...totals, solveMs, handedBackTasks: handedBack };
}

const examples = `
Takes tasks from the queue of its region, solves them and pushes the results to the central results queue.

SIGTERM stops the worker after its running tasks. The exit code is 0, or 143 if the drain timeout expired; the remaining
tasks then return to the queue with their captcha ids.

Examples:
  $ captcha worker --region us-east-1
  $ WORKER_REGION=us-east-1 TASK_QUEUE=redis://redis:6379/0 captcha worker
  $ captcha worker --region eu-west-1 --exit-when-idle 5m --health-port 0
  $ curl http://127.0.0.1:8080/health`;

/** Declares `captcha worker`. */
export function register(command: Command, runCommand: CommandRunner): void {
  declareWorkerFlags(command)
    .addHelpText('after', helpText(examples))
    .action((flags: WorkerFlags) => runCommand(run, flags));
}

function listen({ interrupt, terminal }: Context, drainTimeoutMs: number): void {
  const seconds = Math.round(drainTimeoutMs / 1_000);
  interrupt.listen({
    onFirst: () =>
      terminal.note(`draining (up to ${seconds} s): not accepting new tasks; signal again to exit immediately`),
    onSecond: () => terminal.error('exited; in-flight tasks return to the queue when their leases expire'),
  });
}

/** The exit code of a worker. A signal that cut the drain short is raised again. */
function exitCodeOf({ reason, isDrained }: WorkerEnd, { interrupt }: Context): number {
  if (reason === 'account') return exitCodes.account;
  if (reason === 'config') return exitCodes.usage;
  if (reason === 'local') return exitCodes.localIo;
  if (isDrained) interrupt.markDrained();
  return exitCodes.done;
}

/** Answers on the health port, from what is known, while the worker works. */
async function workOpenly(
  place: WorkPlace,
  { worker, name, metrics }: RegionWorker,
  context: Context,
): Promise<WorkerEnd> {
  const { clock, terminal, program } = context;
  const startedAt = clock.timestamp();
  const aboutNow = () => ({
    region: place.region,
    worker: name,
    version: program.version,
    startedAt,
    now: clock.timestamp(),
    metrics,
  });
  const server = await context.healthServer(place.health, (path) => answerWorker(path, worker.snapshot(), aboutNow()));
  const results = maskSecrets(place.resultsUrl);
  terminal.note(
    `${name} serves the queue of ${place.region}; results: ${results}; health endpoint: ${server.url}/health`,
    { fields: { type: 'started', worker: name, region: place.region, results, health: server.url } },
  );
  try {
    return await worker.run();
  } finally {
    await server.close();
  }
}

/** Serves the queue of a region until a signal stops the worker or it is idle. */
export async function run(flags: WorkerFlags, context: Context): Promise<number> {
  const overrides = overridesOfWorker(flags);
  const { config } = await context.config(overrides);
  const place = workPlaceOf(flags, config, context);
  const writer = writerOf('worker', flags, context.env);
  const session = await context.session({ overrides, allowFastPolling: flags.allowFastPolling === true, writer });
  try {
    listen(context, config.worker.drainTimeoutMs);
    const built = await buildRegionWorker(place, session, context);
    const end = await workOpenly(place, built, context);
    const report = endReport(end, built);
    context.terminal.note(renderWorkerEnd(end, built.stats.totals()), { fields: report });
    if (context.globals.json) await context.terminal.json(report);
    return exitCodeOf(end, context);
  } finally {
    await session.close();
  }
}
