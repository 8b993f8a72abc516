import type { OpenProgress } from '../../domain/queued-task.ts';
import type { AttemptJournal } from '../../ports/attempt-journal.ts';
import type { Awaitable } from '../../ports/awaitable.ts';
import type { TaskLease, TaskQueue } from '../../ports/task-queue.ts';

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

  deadLetter(reason: string): Promise<boolean> {
    return this.#lease.deadLetter(reason);
  }
}

/**
 * A queue that ends with its process, made to outlive it: how far its tasks are is in a journal, too. Their keys are those
 * of the journal.
 */
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
    requeue: (ids) => queue.requeue(ids),
    close: () => queue.close(),
  };
}
