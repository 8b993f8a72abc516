import { ConcurrencyLimit } from '../../core/batch/concurrency-limit.ts';
import { Worker } from '../../core/fleet/run-worker.ts';
import { WorkerPause } from '../../core/fleet/worker-pause.ts';
import { WorkerTally } from '../../core/fleet/worker-tally.ts';
import type { SolverEvent } from '../../domain/events.ts';
import type { Standstill } from '../../domain/outcome.ts';
import type { ResultQueue } from '../../ports/result-queue.ts';
import type { TaskQueue } from '../../ports/task-queue.ts';
import { concurrencyOf, threadWaitMsOf } from '../batch/solve-here.ts';
import type { Context, Session } from '../context.ts';
import { mostDeliveries } from './most-deliveries.ts';
import { solverOf } from './solver-of.ts';

export interface EmbeddedParts {
  readonly session: Session;
  readonly queues: ReadonlyMap<string, TaskQueue>;
  readonly results: ResultQueue;
  readonly emit: (event: SolverEvent) => void;
  /** Aborts when nothing more is to be begun; what was paid for is still collected. */
  readonly stop: AbortSignal;
  /** Told why no task can be solved, where that ends the work. */
  readonly onStandstill: (standstill: Standstill) => void;
}

/** Works for the regions whose queues are in this process, until `stop` aborts. Rejects for bugs only. */
export async function runEmbeddedWorkers(parts: EmbeddedParts, context: Context): Promise<void> {
  const { session, queues, results, emit, stop, onStandstill } = parts;
  const { clock, terminal } = context;
  const concurrency = await concurrencyOf(session.config.worker.concurrency, session);
  const work = async ([region, queue]: readonly [string, TaskQueue]): Promise<void> => {
    const pause = new WorkerPause({ clock });
    const limit = new ConcurrencyLimit(concurrency, { clock });
    const options = {
      ...{ region, worker: 'embedded', maxDeliveries: mostDeliveries, threadWaitMs: threadWaitMsOf(context) },
      ...{ drainTimeoutMs: Infinity, exitWhenIdleMs: null },
    };
    const onEvent = (event: SolverEvent): void => {
      pause.recordEvent(event);
      emit(event);
    };
    const deps = { queue, results, limit, pause, clock, interrupt: stop, tally: new WorkerTally() };
    const tell = (message: string): void => terminal.note(message);
    const end = await new Worker(options, { ...deps, tell, solverUntil: solverOf(session, onEvent) }).run();
    const { reason } = end;
    if (reason === 'account' || reason === 'config') onStandstill({ reason, message: end.message ?? '' });
  };
  await Promise.all([...queues].map(work));
}
