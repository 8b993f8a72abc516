/** The first pause between two signs of life, and the longest, in ms. */
const firstPauseMs = 1_000;
const longestPauseMs = 60 * 60 * 1_000;

/**
 * When a log that has nothing to tell says so: soon after it told something, then twice as long after that, and so on up
 * to an hour. Nothing else shows that the reader of a pipe has gone: Node.js notices it when it writes, and writing
 * nothing does not count.
 */
export class SignsOfLife {
  #pauseMs = firstPauseMs;
  #toldMs = 0;

  /** Something was told at `nowMs`, which shows enough for the time being. */
  told(nowMs: number): void {
    this.#toldMs = nowMs;
    this.#pauseMs = firstPauseMs;
  }

  /** Whether it is time for a sign; true starts the next pause. */
  isDue(nowMs: number): boolean {
    const silentMs = nowMs - this.#toldMs;
    if (silentMs < this.#pauseMs) return false;
    this.#toldMs = nowMs;
    this.#pauseMs = Math.min(2 * Math.max(this.#pauseMs, silentMs), longestPauseMs);
    return true;
  }
}
