import { queueIdOf } from '../../domain/queued-task.ts';
import type { TaskResult } from '../../domain/task-result.ts';
import { resultColumns } from '../batch/batch-columns.ts';
import { resultValues } from '../batch/batch-row.ts';
import { formatMoment } from '../output/format.ts';

/** The columns of `captcha results`, in their order. */
export const taskResultColumns: readonly string[] = [
  ...['task_id', 'run', 'queue_id'],
  ...resultColumns,
  ...['worker', 'finished_at'],
];

/** A result as a row. `now`: epoch ms. */
export function rowOfTaskResult(result: TaskResult, now: number): Readonly<Record<string, string>> {
  const { outcome, homeRegion, attemptCount, possiblyCharged, worker, finishedAt, run } = result;
  const expiresAt = outcome.status === 'solved' ? outcome.expiresAt : null;
  const expired = expiresAt !== null && expiresAt <= now;
  return {
    task_id: outcome.taskId,
    run,
    queue_id: queueIdOf(result),
    ...resultValues({ outcome, homeRegion, attemptCount, possiblyCharged, expired }),
    worker,
    finished_at: formatMoment(finishedAt) ?? '',
  };
}
