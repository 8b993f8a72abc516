import { createConcurrencyLimit } from '../concurrency.ts';
import type { LeaseWorkDeps } from '../../core/fleet/work-on-lease.ts';
import { WorkerStats } from '../../core/fleet/worker-metrics.ts';
import { Worker, WorkerPause } from '../../core/fleet/worker.ts';
import type { SolverEvent } from '../../domain/events.ts';
import type { GaveUp, FatalReason } from '../../domain/outcome.ts';
import type { Task } from '../../domain/task.ts';
import type { ResultQueue, TaskQueue } from '../../ports/queues.ts';
import { recheckedTask, type TaskRefusal } from '../checked-task.ts';
import type { Context, SolveSession } from '../context.ts';

/**
 * A task that was delivered to workers more often than this becomes a dead letter. A worker that dies or drains hands on what it has,
 * so a few are nothing unusual.
 */
export const getMaxDeliveries = 20;

/** The outcome of a task that is not submitted at all. */
function refused({ taskId, region }: Task, refusals: readonly TaskRefusal[]): GaveUp {
  const reason = refusals.some(({ denied }) => denied) ? 'policy-denied' : 'rejected';
  const message = `the worker refused the task: ${refusals.map((refusal) => refusal.reason).join('; ')}`;
  const nothingSent = { attempts: [], durationMs: 0, possiblyCharged: false, captchaId: null, submittedAt: null };
  return { status: 'failed', taskId, region, reason, message, code: null, retryInMs: null, ...nothingSent };
}

/**
 * A solver for each delivery of a task, since one that is lost ends without the others. What is in
 * a queue is looked at before it is paid for; what was paid for is collected whatever it is. `isOwn`: the queue is in
 * this process, so that no other program can write into it.
 */
export function createWorkerSolver(
  session: SolveSession,
  emit: (event: SolverEvent) => void,
  { isOwn }: { readonly isOwn: boolean } = { isOwn: false },
): LeaseWorkDeps['solverUntil'] {
  const onExhausted = session.config.budget.onExhausted === 'fail' ? 'fail' : 'pause';
  return (left, limits) => {
    const solver = session.solver(emit, { onExhausted, left, limits });
    return {
      solve: async (task, stop, solveOptions) => {
        if ((solveOptions?.accepted ?? null) !== null) return solver.solve(task, stop, solveOptions);
        const checked = recheckedTask(task, session.config, { isOwn });
        if ('error' in checked) return refused(task, checked.error);
        return solver.solve(checked.value, stop, solveOptions);
      },
    };
  };
}

export interface EmbeddedParts {
  readonly session: SolveSession;
  readonly queues: ReadonlyMap<string, TaskQueue>;
  readonly results: ResultQueue;
  readonly emit: (event: SolverEvent) => void;
  /** Aborts when nothing more is to be begun; what was paid for is still collected. */
  readonly stop: AbortSignal;
  /** Ends after this time without a task, in ms; left out, only `stop` ends it. */
  readonly exitWhenIdleMs?: number;
  /** Told why no task can be solved, where that ends the work. */
  readonly onFatal: (fatalReason: FatalReason) => void;
}

/** Works for the regions whose queues are in this process, until `stop` aborts or they are idle. Rejects for bugs only. */
export async function runEmbeddedWorkers(parts: EmbeddedParts, context: Context): Promise<void> {
  const { session, queues, results, emit, stop, exitWhenIdleMs = null, onFatal } = parts;
  const { clock, terminal } = context;
  const work = async ([region, queue]: readonly [string, TaskQueue]): Promise<void> => {
    const pause = new WorkerPause({ clock });
    const limit = await createConcurrencyLimit(session.config.worker.concurrency, session, context);
    const options = {
      ...{ region, worker: 'embedded', maxDeliveries: getMaxDeliveries },
      ...{ drainTimeoutMs: Infinity, exitWhenIdleMs },
    };
    const onEvent = (event: SolverEvent): void => {
      pause.recordEvent(event);
      emit(event);
    };
    const deps = { queue, results, limit, pause, clock, interrupt: stop, stats: new WorkerStats() };
    const notify = (message: string): void => terminal.note(message);
    const end = await new Worker(options, {
      ...deps,
      notify,
      solverUntil: createWorkerSolver(session, onEvent, { isOwn: true }),
    }).run();
    const { reason } = end;
    if (reason === 'account' || reason === 'config' || reason === 'local')
      onFatal({ reason, message: end.message ?? '' });
  };
  await Promise.all([...queues].map(work));
}
