import type { Config } from '../../config/schema.ts';
import { ConcurrencyLimit } from '../../core/batch/concurrency-limit.ts';
import { Worker, type WorkerEnd } from '../../core/fleet/run-worker.ts';
import { WorkerPause } from '../../core/fleet/worker-pause.ts';
import { WorkerTally } from '../../core/fleet/worker-tally.ts';
import type { SolverEvent } from '../../domain/events.ts';
import { concurrencyOf, threadWaitMsOf } from '../batch/solve-here.ts';
import type { Context, Session } from '../context.ts';
import { renderEvent } from '../output/event-view.ts';
import { mostDeliveries } from './most-deliveries.ts';
import { solverOf } from './solver-of.ts';
import type { WorkPlace } from './worker-flags.ts';

/** A worker that can be run, and what it counts. */
export interface RegionWorker {
  readonly worker: Worker;
  readonly tally: WorkerTally;
  /** Names it, for people. */
  readonly name: string;
}

function optionsOf({ worker }: Config, name: string, { region }: WorkPlace) {
  const { drainTimeoutMs, exitWhenIdleMs } = worker;
  return { region, worker: name, maxDeliveries: mostDeliveries, drainTimeoutMs, exitWhenIdleMs };
}

/** Builds the worker of a region; nothing is taken before it is run. */
export async function buildRegionWorker(place: WorkPlace, session: Session, context: Context): Promise<RegionWorker> {
  const { config } = session;
  const { clock, terminal, interrupt } = context;
  const opener = await context.queues(config);
  const queue = await opener.tasks(place.region, place.queueUrl);
  const results = await opener.results(place.resultsUrl);
  const pause = new WorkerPause({ clock });
  const tally = new WorkerTally();
  const name = context.program.process;
  const limit = new ConcurrencyLimit(await concurrencyOf(config.worker.concurrency, session), { clock });
  const emit = (event: SolverEvent): void => {
    pause.recordEvent(event);
    const { level, text } = renderEvent(event);
    // Many tasks at once: what one of them tells is of interest where all are listened to.
    terminal.note(`${event.taskId}: ${text}`, { level: Math.max(1, level), fields: { event } });
  };
  const deps = { queue, results, limit, pause, tally, clock, interrupt: interrupt.stop };
  const options = { ...optionsOf(config, name, place), threadWaitMs: threadWaitMsOf(context) };
  const tell = (message: string): void => terminal.note(message);
  return { worker: new Worker(options, { ...deps, tell, solverUntil: solverOf(session, emit) }), tally, name };
}

/** A worker that ended, as one line of JSON. */
export function endReport(
  { reason, message, isDrained, handedBack }: WorkerEnd,
  { tally, name }: RegionWorker,
): object {
  const { solveMs, ...totals } = tally.totals();
  return { type: 'ended', worker: name, reason, message, isDrained, ...totals, solveMs, handedBackTasks: handedBack };
}
