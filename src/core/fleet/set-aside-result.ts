import { queueIdOf } from '../../domain/queued-task.ts';
import type { TaskResult } from '../../domain/task-result.ts';
import type { DeadTask } from '../../ports/task-queue.ts';
import { gaveUp } from '../solve/outcome-of.ts';

/** What a task that was set aside ends with, for whoever waits for it. `now`: epoch ms. */
export function setAsideResult({ queued, reason, deliveries }: DeadTask, region: string, now: number): TaskResult {
  const { run, key, homeRegion, progress } = queued;
  const task = { ...queued.task, region };
  const given = gaveUp({ task, attempts: [], durationMs: 0 }, { reason: 'attempts-exhausted', retryInMs: null });
  const why = reason ?? `handed out ${deliveries} times without a result`;
  const message = `set aside in ${region} (${why}); captcha queue requeue ${region} ${queueIdOf(queued)} queues it again`;
  const paid = progress.state === 'submitted' ? progress : null;
  return {
    ...{ run, key, region, homeRegion, worker: '', finishedAt: now },
    outcome: { ...given, message, captchaId: paid?.captchaId ?? null, submittedAt: paid?.submittedAt ?? null },
    attemptCount: progress.state === 'new' ? 0 : progress.attempts,
    possiblyCharged: progress.state !== 'new',
  };
}
