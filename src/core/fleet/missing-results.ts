import type { QueuedTask, TaskAddress } from '../../domain/queued-task.ts';
import type { TaskResult } from '../../domain/task-result.ts';
import type { ResultQueue } from '../../ports/result-queue.ts';
import { gaveUp } from '../solve/outcome-of.ts';

/** What a killed reader held is back by then. */
const patientLooks = 3;

/** Finds the tasks whose result was read by somebody else, so that it never comes to whoever waits for it. */
export class MissingResults {
  readonly #results: Pick<ResultQueue, 'isFinished'>;
  /** How many looks in a row found them finished. */
  #finished: ReadonlyMap<string, number> = new Map();

  constructor(results: Pick<ResultQueue, 'isFinished'>) {
    this.#results = results;
  }

  /** Of those that are waited for, the keys of those that have been finished for too long. Throws `QueueUnavailable`. */
  async look(awaited: readonly TaskAddress[]): Promise<readonly string[]> {
    const answers = await Promise.all(awaited.map((task) => this.#results.isFinished(task)));
    const finished = awaited.filter((_, index) => answers[index]);
    this.#finished = new Map(finished.map(({ key }) => [key, (this.#finished.get(key) ?? 0) + 1]));
    return [...this.#finished].flatMap(([key, looks]) => (looks >= patientLooks ? key : []));
  }
}

/** What a task ends with whose result was read by somebody else, for whoever waits for it. `now`: epoch ms. */
export function missingResult({ run, key, homeRegion, task, progress }: QueuedTask, now: number): TaskResult {
  const given = gaveUp({ task, attempts: [], durationMs: 0 }, { reason: 'in-doubt', retryInMs: null });
  const message = 'it has a result, which somebody else has read: captcha results, for instance';
  return {
    ...{ run, key, region: task.region, homeRegion, worker: '', finishedAt: now },
    outcome: { ...given, message },
    attemptCount: progress.state === 'new' ? 1 : progress.attempts,
    possiblyCharged: true,
  };
}
