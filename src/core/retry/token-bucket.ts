/**
 * Tokens are counted in millionths and time in whole ms, so that every sum is an integer: plain floats refuse the tenth
 * retry that ten deposits of 0.1 have paid for.
 */
const unitsPerToken = 1_000_000;
const perSecondToPerMs = unitsPerToken / 1_000;

export interface TokenBucketOptions {
  /** Size, and what it holds at the start, in tokens. */
  readonly burst: number;
  /** What time alone refills, in tokens per second; at least 0, in steps of 0.001. */
  readonly refillPerSecond: number;
}

/**
 * A bucket of tokens on a clock that the caller reads. Times are whole or fractional ms on any monotonic clock; one
 * earlier than the last is taken as the last, so that a replay of shuffled records grants nothing extra.
 *
 * Whatever the order of calls, the tokens taken to be used in any window of t seconds are at most
 * `burst + refillPerSecond·t`, plus what was deposited in it.
 */
export class TokenBucket {
  readonly #capacity: number;
  readonly #refillPerMs: number;
  #units: number;
  #lastMs: number;

  constructor(options: TokenBucketOptions, nowMs: number) {
    this.#capacity = Math.round(options.burst * unitsPerToken);
    this.#refillPerMs = Math.round(options.refillPerSecond * perSecondToPerMs);
    this.#units = this.#capacity;
    this.#lastMs = Math.floor(nowMs);
  }

  /** What is there now, in tokens; below 0 while reservations are outstanding. */
  balance(nowMs: number): number {
    this.#refill(nowMs);
    return this.#units / unitsPerToken;
  }

  /** Adds `tokens`; what does not fit is lost. */
  deposit(tokens: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#units = Math.min(this.#capacity, this.#units + Math.round(tokens * unitsPerToken));
  }

  /** How long until time alone has refilled one token, in ms: 0 now, Infinity never. */
  waitForTokenMs(nowMs: number): number {
    this.#refill(nowMs);
    const missing = unitsPerToken - this.#units;
    if (missing <= 0) return 0;
    return this.#refillPerMs === 0 ? Infinity : Math.ceil(missing / this.#refillPerMs);
  }

  /** Takes one token, on credit where there is none: the caller has looked at `waitForTokenMs` and waits that long. */
  withdraw(nowMs: number): void {
    this.#refill(nowMs);
    this.#units -= unitsPerToken;
  }

  #refill(nowMs: number): void {
    const elapsedMs = Math.floor(nowMs) - this.#lastMs;
    if (elapsedMs <= 0) return;
    this.#lastMs += elapsedMs;
    this.#units = Math.min(this.#capacity, this.#units + elapsedMs * this.#refillPerMs);
  }
}
