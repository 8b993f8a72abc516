import type { OpenProgress, QueuedTask, TaskAddress, TaskResult } from '../domain/queued-task.ts';

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
   * Writes down how far the task is; durable when it resolves. Waits for a queue that comes back. Throws `LeaseLostError` where
   * the task was handed to somebody else meanwhile, whose progress it then leaves alone, and `LeaseForgottenError` where the
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
 * within its visibility timeout). Every method throws `QueueUnavailableError` where the queue cannot be reached.
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

/** A result in the hands of a reader. It stays in the queue until it is acknowledged. */
export interface ResultLease {
  readonly result: TaskResult;
  /** The result was written where it belongs: it leaves the queue. */
  ack(): Promise<void>;
}

/** Reads the results of one run, or of all that nobody else reads. Every method throws `QueueUnavailableError`. */
export interface ResultReader {
  /** At most `most` results that no other reader holds. Waits up to `waitMs` for the first; none when `signal` aborts. */
  receive(most: number, waitMs: number, signal: AbortSignal): Promise<readonly ResultLease[]>;
  /** Hands back what was not acknowledged. */
  close(): Promise<void>;
}

/** What waits to be read and what readers hold. */
export interface ResultDepth {
  readonly waiting: number;
  readonly inFlight: number;
}

/**
 * The central results. The first result of a task stands, whoever pushes another, and also long after it was read; what an
 * engine cannot tell apart its readers do. Every method throws `QueueUnavailableError` where the queue cannot be reached.
 */
export interface ResultQueue {
  /** Durable when it resolves. `duplicate`: the task had its result, and this one is dropped. */
  push(result: TaskResult): Promise<'first' | 'duplicate'>;
  /** Whether the task has its result: a worker asks before it begins, and then acknowledges the task without solving it. */
  isFinished(task: TaskAddress): Promise<boolean>;
  /** Null reads every run that has no reader of its own at the moment. */
  reader(run: string | null): ResultReader;
  depth(): Promise<ResultDepth>;
  close(): Promise<void>;
}

/** Who begins a task, and in which queue. */
export interface Beginning {
  /** Names this delivery, and no other. */
  readonly holder: string;
  /** The `place` of the queue. */
  readonly place: string;
}

export type Begun =
  | {
      readonly isHere: true;
      /** How far the task is, as was written down last; null where nothing was. */
      readonly progress: OpenProgress | null;
    }
  /** It was begun in another queue, or moved there: this copy is one too many. */
  | { readonly isHere: false };

/** A task that is about to be copied into another queue. */
export interface Offer extends Beginning {
  /** The `place` of the other queue. */
  readonly to: string;
  readonly progress: OpenProgress;
}

/**
 * What a fleet keeps beside its queues, by queue id. For all engines: in which queue each task is that was begun, so that
 * of two copies one is worked on. For those whose messages never change also: what was sent, how far tasks are and which
 * of them have their result. Every method throws `QueueUnavailableError`.
 */
export interface FleetState {
  /**
   * Makes `holder` the one who may save and move the task, unless it is in another queue. A task that nobody began is where
   * it is begun first; one that is offered to a queue is there and where it was, until it is begun in one of them.
   */
  begin(id: string, beginning: Beginning): Promise<Begun>;
  /**
   * Before the copy is made. False where somebody else has begun the task since. Here and in `save`, a task of which all
   * knowledge is lost is where its holder says.
   */
  offer(id: string, offer: Offer): Promise<boolean>;
  /** The copy was made: the task is there from now on. False where it was begun where it had been, and so stays there. */
  settle(id: string, offer: Pick<Offer, 'holder' | 'to'>): Promise<boolean>;
  /** Notes, before the first task of a run is sent, that there is this run. */
  noteRun(run: string): Promise<void>;
  /** Whether the run is noted: where it is not, what was known of its tasks is lost. */
  knowsRun(run: string): Promise<boolean>;
  /** The `place` of the queue in which the task is; null where it was never begun. */
  placeOf(id: string): Promise<string | null>;
  /** Takes the task from a queue that cannot be reached, or has lost it: what comes to light there is a copy too many. No effect where it is elsewhere by now. */
  takeOver(id: string, move: { readonly from: string; readonly to: string }): Promise<void>;
  /** The task has its result, which stands for itself: where it was need not be known any more. */
  forget(id: string): Promise<void>;

  /** Those of the ids that were not recorded as sent. */
  unsent(queue: string, ids: readonly string[]): Promise<ReadonlySet<string>>;
  recordSent(queue: string, ids: readonly string[]): Promise<void>;
  /** The task was taken from the queue, to which it may be sent again. */
  forgetSent(queue: string, id: string): Promise<void>;
  /** False where somebody else has begun since, whose progress stays. */
  save(id: string, by: Beginning, progress: OpenProgress): Promise<boolean>;
  /** Keeps the result until it was delivered, unless the task has one. Answers the one that stands; null once delivered. */
  claimResult(id: string, result: string): Promise<{ readonly isFirst: boolean; readonly standing: string | null }>;
  /** The result that stands: its text, null once delivered, undefined where there is none. */
  standingResult(id: string): Promise<string | null | undefined>;
  recordDelivered(id: string): Promise<void>;
  close(): Promise<void>;
}

/** What a Redis says about itself. Null is what it does not tell, which hosted ones may not. */
export interface RedisInfo {
  readonly version: string | null;
  /** `maxmemory-policy`: what it does when it is full. */
  readonly evictionPolicy: string | null;
  /** Whether every write goes to a log on its disk. */
  readonly isAppendOnly: boolean | null;
  /** The workers that are connected, each to the tasks of its region. */
  readonly workers: readonly ConnectedWorker[] | null;
}

export interface ConnectedWorker {
  readonly region: string;
  /** For how long it has been connected, in ms. */
  readonly ageMs: number;
}
