import type { LeaseWorkDeps } from '../../core/fleet/work-on-lease.ts';
import { SolveTimes } from '../../core/solve/solve-times.ts';
import type { SolverEvent } from '../../domain/events.ts';
import type { Session } from '../context.ts';

/** A solver for each delivery of a task, since one that is lost ends without the others; all learn from each other. */
export function solverOf(session: Session, emit: (event: SolverEvent) => void): LeaseWorkDeps['solverUntil'] {
  const times = new SolveTimes();
  const onExhausted = session.config.budget.onExhausted === 'fail' ? 'fail' : 'pause';
  return (left, limits) => session.solver(emit, { onExhausted, left, times, limits });
}
