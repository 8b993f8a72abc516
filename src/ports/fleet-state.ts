import type { OpenProgress } from '../domain/queued-task.ts';

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
 * of them have their result. Every method throws `QueueUnavailable`.
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
