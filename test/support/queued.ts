import type { Outcome } from '../../src/domain/outcome.ts';
import type { QueuedTask, TaskResult } from '../../src/domain/queued-task.ts';
import { aTask } from './builders.ts';

/** The key of the n-th task. */
export function keyOf(n: number): string {
  return n.toString(16).padStart(32, '0');
}

/** The n-th task of a run, with these differences. */
export function aQueuedTask(n: number, special: Partial<QueuedTask> = {}): QueuedTask {
  return {
    run: 'run-a',
    key: keyOf(n),
    task: aTask({ taskId: `t${n}` }),
    homeRegion: 'us-east-1',
    strict: false,
    enqueuedAt: Date.now(),
    progress: { state: 'new' },
    ...special,
  };
}

/** The first `count` tasks of a run. */
export function someQueuedTasks(count: number, special: Partial<QueuedTask> = {}): QueuedTask[] {
  return Array.from({ length: count }, (_, index) => aQueuedTask(index + 1, special));
}

const solved: Outcome = {
  status: 'solved',
  taskId: 't1',
  region: 'us-east-1',
  attempts: [],
  durationMs: 15_000,
  possiblyCharged: false,
  solution: { text: 'token', fields: {} },
  captchaId: '123',
  submittedAt: 1,
  solvedAt: 2,
  expiresAt: null,
};

/** The result of the n-th task of a run. */
export function aResult(n: number, special: Partial<TaskResult> = {}): TaskResult {
  return {
    run: 'run-a',
    key: keyOf(n),
    region: 'us-east-1',
    homeRegion: 'us-east-1',
    outcome: { ...solved, taskId: `t${n}` },
    attemptCount: 1,
    possiblyCharged: false,
    worker: 'worker-1',
    finishedAt: 3,
    ...special,
  };
}
