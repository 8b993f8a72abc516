import type { OpenProgress, QueuedTask, TaskAddress } from '../domain/queued-task.ts';

/** A worker's time-bound hold on a task. It is renewed by itself until it is ended, lost, or its queue is closed. */
export interface TaskLease {
  /** As it was when it was received. */
  readonly queued: QueuedTask;
  /** How often the task was handed to a worker, from 1: above it, an earlier one may have died of it. */
  readonly delivery: number;
  /** Aborts when somebody else may have the task: stop working on it. May come late, so `save` is what decides. */
  readonly lost: AbortSignal;
  /** Aborts when the queue has lost its data, and with it this lease. Never where the engine cannot tell. */
  readonly forgotten: AbortSignal;
  /**
   * Writes down how far the task is; durable when it resolves. Waits for a queue that comes back. Throws `LeaseLost` where
   * the task was handed to somebody else meanwhile, whose progress it then leaves alone, and `LeaseForgotten` where the
   * queue has lost its data.
   */
  save(progress: OpenProgress): Promise<void>;
  /** The task has its result: it leaves the queue. False where the lease was lost, which then changes nothing. */
  ack(): Promise<boolean>;
  /**
   * Before the task is copied into the queue of that `place`. Answers the progress that the copy is to have; null where the
   * lease was lost.
   */
  offer(place: string): Promise<OpenProgress | null>;
  /**
   * The copy is in the queue that the task was offered to: it leaves this one without a trace, so that it may come back.
   * False where the lease was lost; the task is where it was then.
   */
  moved(): Promise<boolean>;
  /** Hands the task back with its progress, for others after `delayMs` (default: at once). False where it was lost. */
  release(delayMs?: number): Promise<boolean>;
  /** Sets the task aside, with its progress, until a person queues it again. False where it was lost. */
  deadLetter(reason: string): Promise<boolean>;
}

/** What is in a queue; null where the engine cannot tell. Engines may be some seconds behind. */
export interface QueueDepth {
  /** Those that are delayed included. */
  readonly waiting: number;
  readonly inFlight: number;
  /** Since when the oldest waiting task has been queued, in ms; null also where none waits. */
  readonly oldestAgeMs: number | null;
  readonly dead: number | null;
}

/** A task that was set aside. */
export interface DeadTask {
  readonly queued: QueuedTask;
  /** One sentence; null where the engine does not keep it. */
  readonly reason: string | null;
  readonly deliveries: number;
}

/**
 * The tasks of one region. Delivers each at least once; a task whose holder died is handed to the next within 20 s (on SQS
 * within its visibility timeout). Every method throws `QueueUnavailable` where the queue cannot be reached.
 */
export interface TaskQueue {
  /** Names the queue in what is known of its tasks: all handles on it have the same, and no other queue has. */
  readonly place: string;
  /**
   * Queues tasks, with the progress they have. Idempotent by id, as far as the engine remembers: a task that is in the
   * queue already is left as it is. Answers the ids of those that were not. What it throws on may be in the queue all the
   * same.
   */
  send(tasks: readonly QueuedTask[]): Promise<ReadonlySet<string>>;
  /** Queues tasks whose results are lost: like `send`, but what the engine remembers as done is queued again, too. */
  sendAgain(tasks: readonly QueuedTask[]): Promise<ReadonlySet<string>>;
  /**
   * Queues a task whose lease was forgotten, with the progress that its holder knows. False where it is queued again already,
   * here or in another queue: it is left as it is.
   */
  bringBack(task: QueuedTask): Promise<boolean>;
  /** Notes, before the first task of a run is sent to any queue, that there is this run. */
  noteRun(run: string): Promise<void>;
  /** Whether the run is noted: where it is not, what was sent is lost. True where the engine cannot tell. */
  knowsRun(run: string): Promise<boolean>;
  /** Of each task, whether it is still to be done here: it waits, is held, or was set aside. Null where the engine cannot tell. */
  holds(tasks: readonly TaskAddress[]): Promise<readonly (boolean | null)[]>;
  /**
   * At most `most` tasks, and none that waits for a free slot. Waits up to `waitMs` for the first; none when `signal` aborts.
   * A copy of a task that is in another queue by now is dropped.
   */
  receive(most: number, waitMs: number, signal: AbortSignal): Promise<readonly TaskLease[]>;
  depth(): Promise<QueueDepth>;
  /** At most `most` of the dead letters, in no particular order. */
  dead(most: number): Promise<readonly DeadTask[]>;
  /** Queues dead letters again, with the progress they had: those of the ids, or all. Answers how many. */
  requeue(ids: readonly string[] | null): Promise<number>;
  /** Lets go of the engine. A lease that is still held runs out by itself. */
  close(): Promise<void>;
}
