import type { Command } from 'commander';
import type { CommandRunner, Context, SolveSession } from '../../cli/context.ts';
import { noteTaskEvent } from '../../cli/event-view.ts';
import { writerOf } from '../../cli/flags.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { fillSandboxQueue, noteSandboxTasks } from '../../cli/fleet/sandbox-tasks.ts';
import { getMaxDeliveries, createWorkerSolver } from '../../cli/fleet/embedded-workers.ts';
import { queryQueue } from '../../cli/fleet/region-queues.ts';
import type { Metric } from '../../cli/metrics/prometheus-text.ts';
import { measureRun } from '../../cli/metrics/run-metrics.ts';
import type { Config } from '../../config/schema.ts';
import { WorkerStats } from '../../core/fleet/worker-metrics.ts';
import { Worker, type WorkerEnd, WorkerPause } from '../../core/fleet/worker.ts';
import { SolveCounts } from '../../core/solve/solve-counts.ts';
import { QueueUnavailableError } from '../../domain/errors.ts';
import { joinSignals } from '../../domain/joined-signal.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';
import type { TaskResult } from '../../domain/queued-task.ts';
import type { SolverEvent } from '../../domain/events.ts';
import type { QueueDepth } from '../../ports/queues.ts';
import { createConcurrencyLimit } from '../../cli/concurrency.ts';
import { helpText } from '../../cli/help.ts';
import { declareWorkerFlags, overridesOfWorker, type WorkerFlags, type WorkPlace, workPlaceOf } from './flags.ts';
import { finishedReport } from './finished-report.ts';
import { answerWorker, renderWorkerEnd } from './view.ts';

/** A worker that can be run, and what it counts. */
interface RegionWorker {
  readonly worker: Worker;
  readonly stats: WorkerStats;
  /** Its name in messages. */
  readonly name: string;
  readonly metrics: () => readonly Metric[];
  /** What is left in its queue; null if that cannot be told at once. */
  readonly left: () => Promise<QueueDepth | null>;
}

/** The finished tasks on standard output. */
interface FinishedLines {
  readonly onFinished?: (result: TaskResult) => void;
  /** Aborts when a line could not be written: without its reader the worker takes no further tasks. */
  readonly broken: AbortSignal;
  /** Rejects with the error of a line that could not be written. */
  readonly written: () => Promise<void>;
}

function finishedLines({ globals, terminal, program }: Context): FinishedLines {
  const broken = new AbortController();
  let error: unknown = null;
  const written = async (): Promise<void> => {
    if (error !== null) throw error as Error;
  };
  if (!globals.json) return { broken: broken.signal, written };
  const onFinished = (result: TaskResult): void => {
    terminal.json(finishedReport(result, program.process)).catch((reason: unknown) => {
      error ??= reason;
      broken.abort();
    });
  };
  return { onFinished, broken: broken.signal, written };
}

function optionsOf({ worker, regions }: Config, name: string, { region }: WorkPlace) {
  const { drainTimeoutMs, exitWhenIdleMs } = worker;
  // All regions use one account, and every region has a worker.
  const sharers = Math.max(1, regions.length);
  return { region, worker: name, maxDeliveries: getMaxDeliveries, drainTimeoutMs, exitWhenIdleMs, sharers };
}

/** Builds the worker of a region; nothing is taken before it is run. */
async function buildRegionWorker(
  place: WorkPlace,
  { session, lines }: { session: SolveSession; lines: FinishedLines },
  context: Context,
): Promise<RegionWorker> {
  const { config } = session;
  const { clock, terminal, interrupt } = context;
  const opener = await context.queues(config);
  const queue = await opener.tasks(place.region, place.queueUrl);
  const results = await opener.results(place.resultsUrl);
  if (context.globals.sandbox) {
    noteSandboxTasks(`the queue of ${place.region}`, context);
    await fillSandboxQueue(place.region, queue, context);
  }
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
  const { onFinished } = lines;
  const stop = joinSignals(interrupt.stop, lines.broken).signal;
  const deps = { queue, results, limit, pause, stats, clock, interrupt: stop, ...(onFinished && { onFinished }) };
  const options = optionsOf(config, name, place);
  const notify = (message: string): void => terminal.note(message);
  const worker = new Worker(options, { ...deps, notify, solverUntil: createWorkerSolver(session, emit) });
  const load = () => ({ inWork: worker.busy, limit: limit.limit });
  const metrics = measureRun({ command: 'worker', session, counts, load, region: place.region }, context);
  const left = async (): Promise<QueueDepth | null> => {
    if (worker.snapshot().queueError !== null) return null;
    return queryQueue(place.queueUrl, () => queue.depth(), clock).catch((error: unknown) => {
      if (error instanceof QueueUnavailableError) return null;
      throw error;
    });
  };
  return { worker, stats, name, metrics, left };
}

/** A worker that ended, as one line of JSON. */
function endReport(end: WorkerEnd, { stats, name }: RegionWorker, left: QueueDepth | null): object {
  const { reason, message, isDrained, handedBack } = end;
  const known = left && { waiting: left.waiting, inFlight: left.inFlight };
  return {
    ...{ type: 'ended', worker: name, reason, message, isDrained },
    ...{ ...stats.totals(), left: known, handedBackTasks: handedBack },
  };
}

const examples = `
Takes tasks from the queue of its region, solves them and pushes the results to the central results queue. --json prints one
line per finished task, without its solution, and one at the end.

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
    const lines = finishedLines(context);
    const built = await buildRegionWorker(place, { session, lines }, context);
    const end = await workOpenly(place, built, context);
    const left = await built.left();
    const report = endReport(end, built, left);
    context.terminal.note(renderWorkerEnd(end, built.stats.totals(), left), { fields: report });
    await lines.written();
    if (context.globals.json) await context.terminal.json(report);
    return exitCodeOf(end, context);
  } finally {
    await session.close();
  }
}
