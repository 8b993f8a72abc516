import { QueueUnavailableError } from '../../domain/errors.ts';
import { doubtful, type QueuedTask, queueIdOf } from '../../domain/queued-task.ts';
import type { FleetState, TaskQueue } from '../../ports/queues.ts';
import type { Awaitable } from '../../ports/system.ts';
import { lostOf, type TaskPlaces } from './lost-tasks.ts';

/** A task with a home region; every task of a queue client has one. */
export type RoutedTask = QueuedTask & { readonly homeRegion: string };

/** Earlier knowledge about a task, and callbacks before its state changes. */
export interface Dispatch {
  /** True if an earlier process of the run sent it. */
  readonly wasQueued: boolean;
  /** Called before the task is sent for the first time. */
  readonly beforeSend: () => Awaitable<void>;
  /**
   * Records that the task may be paid for twice. Called before it is queued where a second payment cannot be ruled out.
   */
  readonly recordDoubt: () => Awaitable<void>;
  /** Called when the task is in a queue. */
  readonly onSent?: () => void;
}

/** A task to be sent. */
export interface Sending extends Dispatch {
  queued: RoutedTask;
  /**
   * True if the task may be paid for in two places, or was lost after a possible payment: its result is marked
   * `possiblyCharged`.
   */
  isDoubtful: boolean;
}

export interface TaskRegionsDeps {
  /** Queues by region. */
  readonly queues: ReadonlyMap<string, Pick<TaskQueue, 'place' | 'holds' | 'knowsRun'>>;
  readonly results: TaskPlaces['results'];
  /** Places of the tasks that were started; null if this is not tracked. */
  readonly state: Pick<FleetState, 'placeOf' | 'takeOver' | 'noteRun' | 'knowsRun'> | null;
  /** True if an earlier process of the run may have sent its tasks. */
  readonly isResumed: boolean;
}

/** The region chosen by failover, and the regions whose queues did not answer when the task was sent to them. */
export interface Choice {
  readonly chosen: string;
  readonly tried: ReadonlySet<string>;
}

/** Marks a task as doubtful, in the journal first. */
export async function doubt(task: Sending): Promise<void> {
  if (task.isDoubtful) return;
  await task.recordDoubt();
  task.isDoubtful = true;
  task.queued = { ...task.queued, progress: doubtful(task.queued.progress) };
}

/** Finds the region for a task: a task must be in one queue only, and a lost task must not be sent as new. */
export class TaskRegions {
  readonly #run: string;
  readonly #deps: TaskRegionsDeps;
  #noted: Promise<void> | null = null;

  constructor(run: string, deps: TaskRegionsDeps) {
    this.#run = run;
    this.#deps = deps;
  }

  /**
   * True if a task that was sent is lost. If no queue has lost its data, a task that is in no queue was never sent. If
   * a queue is unreachable the answer is false: the fleet state tells where the task is.
   */
  async isLost(queued: RoutedTask): Promise<boolean> {
    try {
      if ((await lostOf([queued], this.#deps)).length === 0) return false;
      const known = [...this.#deps.queues.values()].map((queue) => queue.knowsRun(this.#run));
      return (await Promise.all(known)).includes(false);
    } catch (error) {
      if (error instanceof QueueUnavailableError) return false;
      throw error;
    }
  }

  /**
   * The region to send the task to: the region where it was started, otherwise the chosen one. Throws
   * `QueueUnavailableError` if that cannot be determined now.
   */
  async regionFor(task: Sending, choice: Choice): Promise<string> {
    const { state, isResumed } = this.#deps;
    const { chosen, tried } = choice;
    if (state === null) {
      // A queue that did not answer may have accepted the task.
      if (tried.size > 0) await doubt(task);
      return chosen;
    }
    if (!isResumed) await this.#noteRun(state);
    if (!isResumed && tried.size === 0) return chosen;
    const place = await state.placeOf(queueIdOf(task.queued));
    if (place !== null) return this.#regionOfBegun(task, place, choice);
    // Not started, unless the state has lost its data.
    const mayBeBegun = (task.wasQueued || tried.size > 0) && !(await state.knowsRun(this.#run));
    return mayBeBegun ? this.#regionOfForgotten(task, chosen) : chosen;
  }

  /** For a task that is in no queue any more: from now on it belongs to that region, whatever the state says. */
  async takeOver(queued: RoutedTask, region: string): Promise<void> {
    const { state } = this.#deps;
    const place = (await state?.placeOf(queueIdOf(queued))) ?? null;
    const to = this.#placeOf(region);
    if (place !== null && place !== to) await state?.takeOver(queueIdOf(queued), { from: place, to });
  }

  /**
   * Registers the run once, and only in its first process: a missing registration then shows that the state lost its
   * data.
   */
  #noteRun(state: NonNullable<TaskRegionsDeps['state']>): Promise<void> {
    if (this.#noted === null) {
      this.#noted = state.noteRun(this.#run);
      this.#noted.catch(() => (this.#noted = null));
    }
    return this.#noted;
  }

  async #regionOfBegun(task: Sending, place: string, { chosen, tried }: Choice): Promise<string> {
    const [current = null] = [...this.#deps.queues].find(([, queue]) => queue.place === place) ?? [];
    // The queue still has the task and ignores this copy. If it has lost the task, payments for it are unknown.
    task.queued = { ...task.queued, progress: doubtful(task.queued.progress) };
    if (current !== null && (current === chosen || !tried.has(current))) return current;
    await doubt(task);
    await this.#deps.state?.takeOver(queueIdOf(task.queued), { from: place, to: this.#placeOf(chosen) });
    return chosen;
  }

  /**
   * The state has lost its data. If a queue has the task, it stays there; otherwise it may have been paid for
   * elsewhere.
   */
  async #regionOfForgotten(task: Sending, chosen: string): Promise<string> {
    for (const [region, queue] of this.#deps.queues) {
      const [isHeld] = await queue.holds([task.queued]).catch((error: unknown) => this.#ignoreUnavailable(error));
      if (isHeld !== true) continue;
      task.queued = { ...task.queued, progress: doubtful(task.queued.progress) };
      return region;
    }
    await doubt(task);
    return chosen;
  }

  #ignoreUnavailable(error: unknown): readonly null[] {
    if (error instanceof QueueUnavailableError) return [null];
    throw error;
  }

  #placeOf(region: string): string {
    return this.#deps.queues.get(region)?.place ?? region;
  }
}
