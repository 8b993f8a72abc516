import { queueIdOf } from '../../domain/queued-task.ts';
import { QueueUnavailable } from '../../domain/queue-unavailable.ts';
import type { TaskResult } from '../../domain/task-result.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ResultLease, ResultReader } from '../../ports/result-queue.ts';
import { HeldMessage, type HoldTiming } from './held-message.ts';
import { MessagePolls, type Polled } from './message-polls.ts';
import { RecentIds } from './recent-ids.ts';
import type { SqsQueue } from './sqs-queue.ts';

interface ReaderDeps {
  readonly queue: Pick<SqsQueue, 'receive' | 'hold' | 'delete'>;
  readonly clock: Clock;
}

/** A duplicate comes soon after the first, if at all: its worker died between two steps. */
const rememberedCount = 200_000;
/** For its own reader, which looks all the time. */
const foreignDelayMs = 1_000;

function readResult(body: string): TaskResult | null {
  try {
    const result = JSON.parse(body) as Partial<TaskResult> | null;
    return typeof result?.run === 'string' && typeof result.key === 'string' ? (result as TaskResult) : null;
  } catch {
    return null;
  }
}

/**
 * Reads the results of one run, or all. Nobody can ask SQS for the messages of one run: what belongs to another is given back,
 * and a result that was there already is removed.
 */
export class SqsResultReader implements ResultReader {
  readonly #run: string | null;
  readonly #timing: HoldTiming;
  readonly #deps: ReaderDeps;
  readonly #held = new Map<string, HeldMessage>();
  readonly #done = new RecentIds(rememberedCount);
  readonly #polls: MessagePolls;

  constructor(run: string | null, timing: HoldTiming, deps: ReaderDeps) {
    this.#run = run;
    this.#timing = timing;
    this.#deps = deps;
    this.#polls = new MessagePolls(timing, deps);
  }

  receive(most: number, waitMs: number, signal: AbortSignal): Promise<readonly ResultLease[]> {
    return this.#polls.receive({ most, waitMs, signal }, (polled) => this.#begin(polled));
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#held.values()].map((message) => message.release(0)));
    this.#held.clear();
    await this.#polls.close();
  }

  async #begin({ sinceMs, messages }: Polled): Promise<readonly ResultLease[]> {
    const held = messages.map((message) => new HeldMessage(message, { sinceMs, timing: this.#timing }, this.#deps));
    return (await Promise.all(held.map((message) => this.#lease(message)))).filter((lease) => lease !== null);
  }

  /** Null for what is no result of ours, among others: that is left to itself, and in the end to the dead-letter queue. */
  async #lease(message: HeldMessage): Promise<ResultLease | null> {
    const result = readResult(message.body);
    if (result === null) {
      message.forget();
      return null;
    }
    const id = queueIdOf(result);
    if (this.#run !== null && result.run !== this.#run) return this.#drop(message.release(foreignDelayMs));
    if (this.#done.has(id)) return this.#drop(message.delete());
    if (this.#held.get(id)?.isHeld() === true) return this.#drop(message.release(this.#timing.visibilityMs));
    this.#held.set(id, message);
    const ack = async (): Promise<void> => {
      this.#done.add(id);
      await message.delete();
      this.#held.delete(id);
    };
    return { result, ack };
  }

  /** What cannot be given back just now comes back by itself: it must not keep the others from their reader. */
  async #drop(how: Promise<boolean>): Promise<null> {
    try {
      await how;
    } catch (error) {
      if (!(error instanceof QueueUnavailable)) throw error;
    }
    return null;
  }
}
