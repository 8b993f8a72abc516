import type { OpenProgress, TaskLimits } from '../../domain/queued-task.ts';
import type { Task } from '../../domain/task.ts';
import type { Awaitable } from '../../ports/awaitable.ts';
import type { Clock } from '../../ports/clock.ts';
import type { TaskJournal } from '../../ports/task-journal.ts';
import type { BatchResult } from '../batch/batch-item.ts';
import type { SolvePlan } from '../batch/batch-plan.ts';
import type { ItemWork } from '../batch/solve-item.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { RoutedTask } from './task-region.ts';

export interface DispatchItemDeps {
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  /** Null where the queues end with this process, whose workers keep it. */
  readonly journal: Pick<TaskJournal, 'queued' | 'wasQueued' | 'intend'> | null;
  /** False where nobody can say of a task that was queued where it is. */
  readonly remembers: boolean;
  /** The key of the task in the queues. */
  readonly key: string;
  /** Whether a task must not leave the residency group of its region. */
  readonly isStrict: (task: Task) => boolean;
  readonly limits: TaskLimits;
}

const generationDigits = 12;

/**
 * The key of a row's task in the queues. `generation`: how often it got a row, as a number that grows; 0 for never. A task that is begun again after it got a row is another one there, since the
 * first result of a task stands for ever.
 */
export function queueKeyOf(key: string, generation: number): string {
  if (generation === 0) return key;
  return key.slice(0, -generationDigits) + generation.toString(16).padStart(generationDigits, '0');
}

/** How far the task is, for the worker that gets it. Submissions that do not limit it any more are not told. */
export function progressOf(plan: SolvePlan): OpenProgress {
  const { accepted, wasInDoubt, forgivenAttempts } = plan;
  const attempts = plan.earlierAttempts - forgivenAttempts;
  if (accepted !== null) {
    return { state: 'submitted', attempts: Math.max(1, attempts), ...accepted, ...(wasInDoubt && { wasInDoubt }) };
  }
  return attempts > 0 ? { state: 'in-doubt', attempts } : { state: 'new' };
}

/** Has one task of a batch solved by whoever works for its region. Null where it stays open. */
export async function dispatchItem(
  work: ItemWork<SolvePlan>,
  { dispatcher, clock, journal, remembers, key, isStrict, limits }: DispatchItemDeps,
): Promise<BatchResult | null> {
  const { item, plan } = work;
  const { task } = item;
  if (task.region === null) throw new RangeError(`the task ${task.taskId} has no region`);
  const wasQueued = journal?.wasQueued(item.key) ?? false;
  const queued: RoutedTask = {
    ...{ run: dispatcher.run, key, task, homeRegion: task.region, strict: isStrict(task) },
    ...{ enqueuedAt: clock.timestamp(), progress: progressOf(plan), limits },
  };
  const beforeSend = (): Awaitable<void> => {
    if (journal?.wasQueued(item.key) === false) return journal.queued(item.key);
  };
  const recordDoubt = (): Awaitable<void> => {
    if (plan.accepted === null) return journal?.intend(item.key, plan.earlierAttempts, plan.wasInDoubt);
  };
  // Where it is, and how far, nobody can say once it is queued: the next process of the run has to know that it was.
  if (!remembers) await recordDoubt();
  const result = await dispatcher.dispatch(queued, { wasQueued, beforeSend, recordDoubt });
  if (result === null) return null;
  const { outcome, attemptCount, possiblyCharged } = result;
  const expiresAt = outcome.status === 'solved' ? outcome.expiresAt : null;
  return {
    ...{ item, outcome },
    attemptCount: plan.forgivenAttempts + attemptCount,
    possiblyCharged: possiblyCharged || plan.wasInDoubt,
    expired: expiresAt !== null && expiresAt <= clock.timestamp(),
  };
}
