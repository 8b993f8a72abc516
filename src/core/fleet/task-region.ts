import { QueueUnavailableError } from '../../domain/errors.ts';
import { doubtful, type QueuedTask, queueIdOf } from '../../domain/queued-task.ts';
import type { FleetState, TaskQueue } from '../../ports/queues.ts';
import type { Awaitable } from '../../ports/system.ts';
import { lostOf, type TaskPlaces } from './lost-tasks.ts';

/** A task that belongs to a region, as every task of a queue client does. */
export type RoutedTask = QueuedTask & { readonly homeRegion: string };

/** What is known of a task from earlier, and who is to know more of it. */
export interface Dispatch {
  /** An earlier process of the run has sent it. */
  readonly wasQueued: boolean;
  /** Before it is sent for the first time. */
  readonly beforeSend: () => Awaitable<void>;
  /** Writes down that it may be paid for twice, before it is queued where nobody can rule that out. */
  readonly recordDoubt: () => Awaitable<void>;
}

/** A task that is to be sent. */
export interface Sending extends Dispatch {
  queued: RoutedTask;
  /** It may be paid for in two places, or was lost and may have been paid for: whichever result comes, it says so. */
  isDoubtful: boolean;
}

export interface TaskRegionsDeps {
  /** Of every region, by its name. */
  readonly queues: ReadonlyMap<string, Pick<TaskQueue, 'place' | 'holds' | 'knowsRun'>>;
  readonly results: TaskPlaces['results'];
  /** Where tasks are that were begun; null where nobody knows. */
  readonly state: Pick<FleetState, 'placeOf' | 'takeOver' | 'noteRun' | 'knowsRun'> | null;
  /** Whether an earlier process of the run may have sent its tasks. */
  readonly isResumed: boolean;
}

/** The region that failover chose, and those whose queues did not answer when the task was sent to them. */
export interface Choice {
  readonly chosen: string;
  readonly tried: ReadonlySet<string>;
}

/** Marks a task, in the journal first. */
export async function doubt(task: Sending): Promise<void> {
  if (task.isDoubtful) return;
  await task.recordDoubt();
  task.isDoubtful = true;
  task.queued = { ...task.queued, progress: doubtful(task.queued.progress) };
}

/** Finds the region to which a task of a run is to be sent: a task is in one queue, and what was lost is not new. */
export class TaskRegions {
  readonly #run: string;
  readonly #deps: TaskRegionsDeps;
  #noted: Promise<void> | null = null;

  constructor(run: string, deps: TaskRegionsDeps) {
    this.#run = run;
    this.#deps = deps;
  }

  /**
   * Whether a task that was sent is lost. Where the queues have lost nothing, a task that they do not know was never sent. One
   * that cannot be looked for now is not known to be lost: what is kept beside the queues says where it is.
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
   * Where the task is to be sent: to the region where it is, if it was begun, and to the chosen one otherwise. Throws
   * `QueueUnavailableError` where that cannot be found out now.
   */
  async regionFor(task: Sending, choice: Choice): Promise<string> {
    const { state, isResumed } = this.#deps;
    const { chosen, tried } = choice;
    if (state === null) {
      // A queue that did not answer may have it all the same.
      if (tried.size > 0) await doubt(task);
      return chosen;
    }
    if (!isResumed) await this.#noteRun(state);
    if (!isResumed && tried.size === 0) return chosen;
    const place = await state.placeOf(queueIdOf(task.queued));
    if (place !== null) return this.#regionOfBegun(task, place, choice);
    // It was never begun, unless what was known of it is lost.
    const mayBeBegun = (task.wasQueued || tried.size > 0) && !(await state.knowsRun(this.#run));
    return mayBeBegun ? this.#regionOfForgotten(task, chosen) : chosen;
  }

  /** The task is in no queue any more: whatever was known, it is in that region from now on. */
  async takeOver(queued: RoutedTask, region: string): Promise<void> {
    const { state } = this.#deps;
    const place = (await state?.placeOf(queueIdOf(queued))) ?? null;
    const to = this.#placeOf(region);
    if (place !== null && place !== to) await state?.takeOver(queueIdOf(queued), { from: place, to });
  }

  /** Once, and by the first process of the run only: what was lost does not come back with its next. */
  #noteRun(state: NonNullable<TaskRegionsDeps['state']>): Promise<void> {
    if (this.#noted === null) {
      this.#noted = state.noteRun(this.#run);
      this.#noted.catch(() => (this.#noted = null));
    }
    return this.#noted;
  }

  async #regionOfBegun(task: Sending, place: string, { chosen, tried }: Choice): Promise<string> {
    const [current = null] = [...this.#deps.queues].find(([, queue]) => queue.place === place) ?? [];
    // It is there already, and left as it is; where it was lost, nobody knows what was paid for.
    task.queued = { ...task.queued, progress: doubtful(task.queued.progress) };
    if (current !== null && (current === chosen || !tried.has(current))) return current;
    await doubt(task);
    await this.#deps.state?.takeOver(queueIdOf(task.queued), { from: place, to: this.#placeOf(chosen) });
    return chosen;
  }

  /** The state has lost its data. In a queue that knows the task it is left as it is; else it may be paid for somewhere. */
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
