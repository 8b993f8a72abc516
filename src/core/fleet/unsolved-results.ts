import type { FailureReason } from '../../domain/outcome.ts';
import { type QueuedTask, queueIdOf, type TaskResult } from '../../domain/queued-task.ts';
import { shellQuoted } from '../../domain/shell-word.ts';
import type { DeadTask } from '../../ports/queues.ts';
import { gaveUp } from '../solve/attempt-history.ts';

interface Unsolved {
  /** The region whose queue had the task last. */
  readonly region: string | null;
  readonly reason: FailureReason;
  readonly message: string;
  /** Epoch ms. */
  readonly now: number;
}

/** The result of a queued task that no worker continues, with the payment that its progress knows of. */
export function unsolvedResult(queued: QueuedTask, { region, reason, message, now }: Unsolved): TaskResult {
  const { run, key, homeRegion, progress } = queued;
  const given = gaveUp({ task: { ...queued.task, region }, attempts: [], durationMs: 0 }, { reason, retryInMs: null });
  const paid = progress.state === 'submitted' ? progress : null;
  return {
    ...{ run, key, region, homeRegion, worker: '', finishedAt: now },
    outcome: { ...given, message, captchaId: paid?.captchaId ?? null, submittedAt: paid?.submittedAt ?? null },
    attemptCount: progress.state === 'new' ? 0 : progress.attempts,
    possiblyCharged: progress.state !== 'new',
  };
}

/** For a task whose result another reader took, so that it will never arrive. */
export function expiredResult(queued: QueuedTask, now: number): TaskResult {
  const message = 'another reader took its result, for example captcha results, or this version cannot read it';
  const { task, progress } = queued;
  const given = unsolvedResult(queued, { region: task.region, reason: 'in-doubt', message, now });
  return { ...given, attemptCount: progress.state === 'new' ? 1 : progress.attempts, possiblyCharged: true };
}

/** For a dead-lettered task. */
export function deadLetterResult(
  { queued, reason, deliveries }: DeadTask & { readonly queued: QueuedTask },
  region: string,
  now: number,
): TaskResult {
  const why = reason ?? `delivered ${deliveries} times without a result`;
  const message = `dead letter in ${region} (${why}); to requeue it: captcha queue requeue ${shellQuoted(region)} ${shellQuoted(queueIdOf(queued))}`;
  return unsolvedResult(queued, { region, reason: 'attempts-exhausted', message, now });
}
