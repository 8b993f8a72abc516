import { isExpiredAt } from '../../domain/outcome.ts';
import type { OpenProgress, TaskLimits } from '../../domain/queued-task.ts';
import type { Task } from '../../domain/task.ts';
import type { AttemptJournal, TaskJournal } from '../../ports/files.ts';
import type { TaskLease, TaskQueue } from '../../ports/queues.ts';
import type { Awaitable, Clock } from '../../ports/system.ts';
import type { BatchResult, SolvePlan } from '../batch/batch-plan.ts';
import type { ItemWork } from '../batch/solve-item.ts';
import type { QueueClient } from './queue-client.ts';
import type { RoutedTask } from './task-region.ts';

export interface DispatchItemDeps {
  readonly queueClient: QueueClient;
  readonly clock: Clock;
  /** Null if queues and workers live in this process, which keeps the journal for its workers. */
  readonly journal: Pick<TaskJournal, 'queued' | 'wasQueued' | 'intend'> | null;
  /** False if the queues cannot tell where a queued task is. */
  readonly remembers: boolean;
  /** The key of the task in the queues. */
  readonly key: string;
  /** True if a task must not leave the residency group of its region. */
  readonly isStrict: (task: Task) => boolean;
  readonly limits: TaskLimits;
}

const generationDigits = 12;

/**
 * The key of a row's task in the queues. `generation`: how often the task got a row; it only grows, 0 for never. A task
 * that starts over after it got a row needs a new key, because the first result of a key is final.
 */
export function queueKeyOf(key: string, generation: number): string {
  if (generation === 0) return key;
  return key.slice(0, -generationDigits) + generation.toString(16).padStart(generationDigits, '0');
}

/** The progress to send to the worker, without submissions that no longer count towards `maxAttempts`. */
export function progressOf(plan: SolvePlan): OpenProgress {
  const { accepted, wasInDoubt, forgivenAttempts } = plan;
  const attempts = plan.earlierAttempts - forgivenAttempts;
  if (accepted !== null) {
    return { state: 'submitted', attempts: Math.max(1, attempts), ...accepted, ...(wasInDoubt && { wasInDoubt }) };
  }
  return attempts > 0 ? { state: 'in-doubt', attempts } : { state: 'new' };
}

/** Queues one task of a batch and waits until a worker has solved it. Null if it stays open. */
export async function dispatchItem(
  work: ItemWork<SolvePlan>,
  { queueClient, clock, journal, remembers, key, isStrict, limits }: DispatchItemDeps,
): Promise<BatchResult | null> {
  const { item, plan } = work;
  const { task } = item;
  if (task.region === null) throw new RangeError(`the task ${task.taskId} has no region`);
  const wasQueued = journal?.wasQueued(item.key) ?? false;
  const queued: RoutedTask = {
    ...{ run: queueClient.run, key, task, homeRegion: task.region, strict: isStrict(task) },
    ...{ enqueuedAt: clock.timestamp(), progress: progressOf(plan), limits },
  };
  const beforeSend = (): Awaitable<void> => {
    if (journal?.wasQueued(item.key) === false) return journal.queued(item.key);
  };
  const recordDoubt = (): Awaitable<void> => {
    if (plan.accepted === null) return journal?.intend(item.key, plan.earlierAttempts, plan.wasInDoubt);
  };
  // These queues cannot tell where the task is, so the journal must tell the next process of the run that it was
  // queued.
  if (!remembers) await recordDoubt();
  const result = await queueClient.dispatch(queued, { wasQueued, beforeSend, recordDoubt });
  if (result === null) return null;
  const { outcome, attemptCount, possiblyCharged } = result;
  return {
    ...{ item, outcome },
    attemptCount: plan.forgivenAttempts + attemptCount,
    possiblyCharged: possiblyCharged || plan.wasInDoubt,
    expired: isExpiredAt(outcome, clock.timestamp()),
  };
}

function record(key: string, progress: OpenProgress, journal: AttemptJournal): Awaitable<void> {
  switch (progress.state) {
    case 'new':
      return journal.refused(key);
    case 'in-doubt':
      return journal.intend(key, progress.attempts);
    case 'submitted':
      return journal.submitted(key, progress.captchaId, progress.submittedAt);
  }
}

class JournaledLease implements TaskLease {
  readonly #lease: TaskLease;
  readonly #journal: AttemptJournal;

  constructor(lease: TaskLease, journal: AttemptJournal) {
    this.#lease = lease;
    this.#journal = journal;
  }

  get queued(): TaskLease['queued'] {
    return this.#lease.queued;
  }

  get delivery(): number {
    return this.#lease.delivery;
  }

  get lost(): AbortSignal {
    return this.#lease.lost;
  }

  get forgotten(): AbortSignal {
    return this.#lease.forgotten;
  }

  async save(progress: OpenProgress): Promise<void> {
    await record(this.#lease.queued.key, progress, this.#journal);
    await this.#lease.save(progress);
  }

  ack(): Promise<boolean> {
    return this.#lease.ack();
  }

  offer(place: string): Promise<OpenProgress | null> {
    return this.#lease.offer(place);
  }

  moved(): Promise<boolean> {
    return this.#lease.moved();
  }

  release(delayMs?: number): Promise<boolean> {
    return this.#lease.release(delayMs);
  }

  releaseUncounted(): Promise<boolean> {
    return this.#lease.releaseUncounted();
  }

  deadLetter(reason: string): Promise<boolean> {
    return this.#lease.deadLetter(reason);
  }
}

/** Makes an in-process queue durable: the progress of its tasks is also written to a journal, under the same keys. */
export function journaledQueue(queue: TaskQueue, journal: AttemptJournal): TaskQueue {
  return {
    place: queue.place,
    send: (tasks) => queue.send(tasks),
    sendAgain: (tasks) => queue.sendAgain(tasks),
    bringBack: (task) => queue.bringBack(task),
    noteRun: (run) => queue.noteRun(run),
    knowsRun: (run) => queue.knowsRun(run),
    holds: (tasks) => queue.holds(tasks),
    receive: async (most, waitMs, signal) => {
      const leases = await queue.receive(most, waitMs, signal);
      return leases.map((lease) => new JournaledLease(lease, journal));
    },
    depth: () => queue.depth(),
    dead: (most) => queue.dead(most),
    findDead: (ids) => queue.findDead(ids),
    requeue: (ids) => queue.requeue(ids),
    close: () => queue.close(),
  };
}
