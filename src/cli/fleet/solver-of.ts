import type { LeaseWorkDeps } from '../../core/fleet/work-on-lease.ts';
import { SolveTimes } from '../../core/solve/solve-times.ts';
import type { SolverEvent } from '../../domain/events.ts';
import type { GaveUp } from '../../domain/outcome.ts';
import type { Task } from '../../domain/task.ts';
import type { Session } from '../context.ts';
import { recheckedTask } from '../solve/checked-task.ts';
import type { TaskRefusal } from '../solve/task-refusal.ts';

/** The outcome of a task that is not submitted at all. */
function refused({ taskId, region }: Task, refusals: readonly TaskRefusal[]): GaveUp {
  const reason = refusals.some(({ denied }) => denied) ? 'policy-denied' : 'rejected';
  const message = `not submitted by the worker: ${refusals.map((refusal) => refusal.reason).join('; ')}`;
  const nothingSent = { attempts: [], durationMs: 0, possiblyCharged: false, captchaId: null, submittedAt: null };
  return { status: 'failed', taskId, region, reason, message, code: null, retryInMs: null, ...nothingSent };
}

/**
 * A solver for each delivery of a task, since one that is lost ends without the others; all learn from each other. What is in
 * a queue is looked at before it is paid for; what was paid for is collected whatever it is.
 */
export function solverOf(session: Session, emit: (event: SolverEvent) => void): LeaseWorkDeps['solverUntil'] {
  const times = new SolveTimes();
  const onExhausted = session.config.budget.onExhausted === 'fail' ? 'fail' : 'pause';
  return (left, limits) => {
    const solver = session.solver(emit, { onExhausted, left, times, limits });
    return {
      solve: async (task, stop, circumstances) => {
        if ((circumstances?.accepted ?? null) !== null) return solver.solve(task, stop, circumstances);
        const checked = recheckedTask(task, session.config);
        return 'taskId' in checked ? solver.solve(checked, stop, circumstances) : refused(task, checked);
      },
    };
  };
}
