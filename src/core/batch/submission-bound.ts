import type { Awaitable } from '../../ports/awaitable.ts';

/**
 * Counts submissions up to a number. One whose answer is still out may turn out free of charge: who asks for one more
 * meanwhile waits for the answer, so that a full house neither uses the number up nor lets it be exceeded.
 */
export class SubmissionBound {
  readonly #most: number;
  /** Tasks whose latest submission is not answered yet. */
  readonly #unanswered = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #count = 0;

  /** Null for no bound. */
  constructor(most: number | null) {
    this.#most = most ?? Infinity;
  }

  /** Submissions that count, so far. */
  get count(): number {
    return this.#count;
  }

  /** Whether none is left, however those that are under way are answered. */
  get isUsedUp(): boolean {
    return this.#count >= this.#most && this.#unanswered.size === 0;
  }

  /** Counts a submission of the task; false where none is left. An earlier one of the task is over, whatever came of it. */
  tryBegin(key: string): Awaitable<boolean> {
    this.end(key);
    return this.#mustWait() ? this.#beginLater(key) : this.#begin(key);
  }

  #mustWait(): boolean {
    return this.#count >= this.#most && this.#unanswered.size > 0;
  }

  async #beginLater(key: string): Promise<boolean> {
    while (this.#mustWait()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#begin(key);
  }

  #begin(key: string): boolean {
    if (this.#count >= this.#most) return false;
    this.#count += 1;
    this.#unanswered.add(key);
    return true;
  }

  /** The task's submission is answered, or never will be. Does nothing where none is under way. */
  end(key: string, { isFree }: { isFree: boolean } = { isFree: false }): void {
    if (!this.#unanswered.delete(key)) return;
    if (isFree) this.#count -= 1;
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
