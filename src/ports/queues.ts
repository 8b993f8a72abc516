import type { OpenProgress, QueuedTask, TaskAddress, TaskResult } from '../domain/queued-task.ts';

/**
 * A worker's time-limited hold on a task. It is renewed automatically until it is ended or lost, or its queue is
 * closed.
 */
export interface TaskLease {
  /** The task as it was received. */
  readonly queued: QueuedTask;
  /** Number of deliveries to workers, from 1; above 1, an earlier worker may have crashed on it. */
  readonly delivery: number;
  /** Aborts when another worker may have the task: stop working on it. It may come late, so `save` decides. */
  readonly lost: AbortSignal;
  /** Aborts when the queue has lost its data, this lease included. Never aborts if the engine cannot detect that. */
  readonly forgotten: AbortSignal;
  /**
   * Saves the progress; durable when it resolves. Waits while the queue is unreachable. Throws `LeaseLostError` if
   * another worker has received the task, whose progress it leaves unchanged, and `LeaseForgottenError` if the queue
   * has lost its data.
   */
  save(progress: OpenProgress): Promise<void>;
  /** Removes the finished task from the queue. False, without effect, if the lease was lost. */
  ack(): Promise<boolean>;
  /**
   * Called before the task is copied into the queue of that `place`. Returns the progress for the copy; null if the
   * lease was lost.
   */
  offer(place: string): Promise<OpenProgress | null>;
  /**
   * Called after the copy was queued in the offered place: deletes the task here completely, so that it may come back
   * later. False if the lease was lost; the task then stays here.
   */
  moved(): Promise<boolean>;
  /**
   * Returns the task to the queue with its progress, visible after `delayMs` (default: at once). False if it was lost.
   */
  release(delayMs?: number): Promise<boolean>;
  /**
   * The same at once, without counting this delivery: the task did not cause its return. An engine that cannot tell
   * copies apart counts it.
   */
  releaseUncounted(): Promise<boolean>;
  /**
   * Dead-letters the task with its progress until a user requeues it. False if it was lost. Throws `UsageError` if the
   * queue has no place for dead letters.
   */
  deadLetter(reason: string): Promise<boolean>;
}

/** Counts of a queue; null if the engine does not know. Engines may be some seconds behind. */
export interface QueueDepth {
  /** Includes delayed tasks. */
  readonly waiting: number;
  readonly inFlight: number;
  /** Age of the oldest waiting task since it was queued, in ms; null also if none is waiting. */
  readonly oldestAgeMs: number | null;
  readonly dead: number | null;
}

/** A dead-lettered task, or a message that is no task. */
export interface DeadTask {
  /** The id of the task, else that of the message. */
  readonly id: string;
  /** Null for a message that this version cannot read. */
  readonly queued: QueuedTask | null;
  /** One sentence; null if the engine does not store it. */
  readonly reason: string | null;
  readonly deliveries: number;
}

/** What became of the tasks of one `send`. Those in neither set are in the queue already. */
export interface SendReport {
  /** The ids of the tasks that are new in the queue. */
  readonly fresh: ReadonlySet<string>;
  /**
   * By id: `TaskRefusedError` for a task that this queue will never take, `QueueUnavailableError` for one that may be
   * in the queue or not.
   */
  readonly failed: ReadonlyMap<string, Error>;
}

/**
 * The tasks of one region. Delivers each at least once; a task of a dead worker is delivered again within 20 s (on SQS
 * within its visibility timeout). Every method throws `QueueUnavailableError` if the queue is unreachable.
 */
export interface TaskQueue {
  /** The queue's name in the fleet state: equal for all handles on it, and unique to it. */
  readonly place: string;
  /**
   * Queues tasks with their progress. Idempotent by id while the engine remembers the id: a task that is already in the
   * queue is not changed. After an error that concerns all of them the tasks may be in the queue.
   */
  send(tasks: readonly QueuedTask[]): Promise<SendReport>;
  /** Queues tasks with lost results: like `send`, but includes tasks that the engine remembers as finished. */
  sendAgain(tasks: readonly QueuedTask[]): Promise<SendReport>;
  /**
   * Queues a task whose lease was lost with the queue's data, with its holder's progress. False, without effect, if it
   * is already queued again, here or in another queue.
   */
  bringBack(task: QueuedTask): Promise<boolean>;
  /** Registers a run; called before its first task is sent to any queue. */
  noteRun(run: string): Promise<void>;
  /** True if the run is registered; otherwise its sent tasks are lost. True if the engine cannot tell. */
  knowsRun(run: string): Promise<boolean>;
  /** For each task, whether it is still open here: waiting, held, or dead-lettered. Null if the engine cannot tell. */
  holds(tasks: readonly TaskAddress[]): Promise<readonly (boolean | null)[]>;
  /**
   * Receives up to `most` tasks, only as many as are available. Waits up to `waitMs` for the first one; none if
   * `signal` aborts. A copy of a task that was moved to another queue is dropped. A message that is no task is
   * dead-lettered with a reason, and one of a newer version is left in the queue.
   */
  receive(most: number, waitMs: number, signal: AbortSignal): Promise<readonly TaskLease[]>;
  depth(): Promise<QueueDepth>;
  /** Up to `most` dead letters, in no particular order. */
  dead(most: number): Promise<readonly DeadTask[]>;
  /** The dead letters with these ids. */
  findDead(ids: ReadonlySet<string>): Promise<readonly DeadTask[]>;
  /**
   * Requeues dead letters with their progress: those with these ids, or all that can be read. Returns their number.
   */
  requeue(ids: readonly string[] | null): Promise<number>;
  /** Closes the connection. A lease that is still held expires by itself. */
  close(): Promise<void>;
}

/** A result held by a reader. It stays in the queue until it is acknowledged. */
export interface ResultLease {
  /** If the message cannot be read, its task is reported as `in-doubt`. */
  readonly result: TaskResult;
  /** Removes the result from the queue after it was written. */
  ack(): Promise<void>;
}

/**
 * Reads the results of one run, or of all runs without a reader of their own. Every method throws
 * `QueueUnavailableError`.
 */
export interface ResultReader {
  /** Up to `most` results that no other reader holds. Waits up to `waitMs` for the first; none if `signal` aborts. */
  receive(most: number, waitMs: number, signal: AbortSignal): Promise<readonly ResultLease[]>;
  /** Returns results that were not acknowledged. */
  close(): Promise<void>;
}

/** Number of waiting and of held results. */
export interface ResultDepth {
  readonly waiting: number;
  readonly inFlight: number;
}

/**
 * The central results queue. The first result of a task is final, even long after it was read; duplicates that an
 * engine cannot detect are removed by its readers. Every method throws `QueueUnavailableError` if the queue is
 * unreachable.
 */
export interface ResultQueue {
  /** Durable when it resolves. `duplicate`: the task already had a result, and this one is dropped. */
  push(result: TaskResult): Promise<'first' | 'duplicate'>;
  /**
   * True if the task has a result: a worker checks this before it starts, and then acknowledges the task without
   * solving it.
   */
  isFinished(task: TaskAddress): Promise<boolean>;
  /** Null reads every run that currently has no reader of its own. */
  reader(run: string | null): ResultReader;
  depth(): Promise<ResultDepth>;
  close(): Promise<void>;
}

/** The delivery that starts a task, and its queue. */
export interface Beginning {
  /** Unique name of this delivery. */
  readonly holder: string;
  /** The `place` of the queue. */
  readonly place: string;
}

export type Begun =
  | {
      readonly isHere: true;
      /** The last saved progress; null if there is none. */
      readonly progress: OpenProgress | null;
    }
  /** The task was started in another queue or moved there: this copy is a duplicate. */
  | { readonly isHere: false };

/** A task that is about to be copied into another queue. */
export interface Offer extends Beginning {
  /** The `place` of the other queue. */
  readonly to: string;
  readonly progress: OpenProgress;
}

/**
 * The state that a fleet stores outside its queues, by queue id. For all engines: the queue of each started task, so
 * that only one of two copies is worked on. For engines with immutable messages also: sent tasks, progress, and
 * results. Every method throws `QueueUnavailableError`.
 */
export interface FleetState {
  /**
   * Makes `holder` the only one that may save and move the task, unless the task is in another queue. A task that was
   * never started belongs to the queue in which it is started first. A task offered to another queue belongs to both
   * until it is started in one of them.
   */
  begin(id: string, beginning: Beginning): Promise<Begun>;
  /**
   * Called before the copy is made. False if another delivery has started the task since. Here and in `save`, if all
   * data about a task is lost, it belongs to its holder's queue.
   */
  offer(id: string, offer: Offer): Promise<boolean>;
  /**
   * Called after the copy was made: the task now belongs to the other queue. False if it was started in the old queue
   * meanwhile, where it then stays.
   */
  settle(id: string, offer: Pick<Offer, 'holder' | 'to'>): Promise<boolean>;
  /** Registers a run; called before its first task is sent. */
  noteRun(run: string): Promise<void>;
  /** True if the run is registered; otherwise the data about its tasks is lost. */
  knowsRun(run: string): Promise<boolean>;
  /** The `place` of the task's queue; null if it was never started. */
  placeOf(id: string): Promise<string | null>;
  /**
   * Takes a task from a queue that is unreachable or has lost it; a copy that reappears there is a duplicate. No effect
   * if the task is in another queue by now.
   */
  takeOver(id: string, move: { readonly from: string; readonly to: string }): Promise<void>;
  /** Called when the task has its result: its place need not be stored any more. */
  forget(id: string): Promise<void>;

  /** The ids that were not recorded as sent. */
  unsent(queue: string, ids: readonly string[]): Promise<ReadonlySet<string>>;
  recordSent(queue: string, ids: readonly string[]): Promise<void>;
  /** Called when the task has left the queue, so that it can be sent there again. */
  forgetSent(queue: string, id: string): Promise<void>;
  /** False if another delivery has started since; its progress is kept. */
  save(id: string, by: Beginning, progress: OpenProgress): Promise<boolean>;
  /** Stores the result until it is delivered, unless the task has one. Returns the final one; null once delivered. */
  claimResult(id: string, result: string): Promise<{ readonly isFirst: boolean; readonly standing: string | null }>;
  /** The final result: its text, null once delivered, undefined if there is none. */
  standingResult(id: string): Promise<string | null | undefined>;
  recordDelivered(id: string): Promise<void>;
  close(): Promise<void>;
}

/** Facts that a Redis reports. Null for facts that it does not report, as with some hosted ones. */
export interface RedisInfo {
  readonly version: string | null;
  /** `maxmemory-policy`: its behaviour when memory is full. */
  readonly evictionPolicy: string | null;
  /** True if every write goes to a log on disk. */
  readonly isAppendOnly: boolean | null;
  /** The connected workers by region. */
  readonly workers: readonly ConnectedWorker[] | null;
}

export interface ConnectedWorker {
  readonly region: string;
  /** Age of the connection, in ms. */
  readonly ageMs: number;
}
