/**
 * Tokens are counted in millionths, so that deposits add up to whole numbers: plain floats refuse the tenth retry that
 * ten deposits of 0.1 have paid for.
 */
const unitsPerToken = 1_000_000;
const perSecondToPerMs = unitsPerToken / 1_000;

export interface TokenBucketOptions {
  /** Size, and what it holds at the start, in tokens; at least 1. */
  readonly burst: number;
  /** What time alone refills, in tokens per second; at least 0. */
  readonly refillPerSecond: number;
}

/** What a bucket holds at some moment: with its options, all that there is to know about it. */
export interface TokenBucketState {
  /** Millionths of a token. */
  readonly units: number;
  readonly countedToMs: number;
}

/**
 * A bucket of tokens on a clock that the caller reads, in ms; no call may name an earlier `nowMs` than the call before.
 *
 * A token may be taken for a later moment. It is charged at that moment, and the bucket's own time moves there with it,
 * so nobody overtakes a reservation. Hence the tokens usable in any window of t seconds are at most
 * `burst + refillPerSecond·t`, plus what was deposited since the last moment at which no reservation was outstanding.
 */
export class TokenBucket {
  readonly #capacity: number;
  readonly #refillPerMs: number;
  #units: number;
  /** Up to when time is counted; ahead of the clock while a reservation is outstanding. */
  #countedToMs: number;

  constructor(options: TokenBucketOptions, nowMs: number) {
    this.#capacity = Math.round(options.burst * unitsPerToken);
    this.#refillPerMs = options.refillPerSecond * perSecondToPerMs;
    this.#units = this.#capacity;
    this.#countedToMs = nowMs;
  }

  /** What is there now, in tokens; below 0 while time has yet to earn what is reserved. */
  balance(nowMs: number): number {
    const { units, countedToMs } = this.#refilled(nowMs);
    return (units - (countedToMs - nowMs) * this.#refillPerMs) / unitsPerToken;
  }

  /** Adds `tokens`, so many times; what does not fit is lost. */
  deposit(tokens: number, nowMs: number, times = 1): void {
    this.restore(this.#refilled(nowMs));
    // Rounded before it is multiplied: a sum of deposits is worth what they were worth one by one.
    this.#units = Math.min(this.#capacity, this.#units + Math.round(tokens * unitsPerToken) * times);
  }

  /** How long until a token is usable, behind every reservation and by time alone, in ms: 0 now, Infinity never. */
  waitForTokenMs(nowMs: number): number {
    const { units, countedToMs } = this.#refilled(nowMs);
    const [aheadMs, missing] = [countedToMs - nowMs, unitsPerToken - units];
    if (missing <= 0) return aheadMs;
    return this.#refillPerMs === 0 ? Infinity : aheadMs + Math.ceil(missing / this.#refillPerMs);
  }

  /** Takes the token that is usable at `atMs`: the caller has looked at `waitForTokenMs` and waits at least that long. */
  withdraw(atMs: number): void {
    this.restore(this.#refilled(atMs));
    this.#units -= unitsPerToken;
  }

  snapshot(): TokenBucketState {
    return { units: this.#units, countedToMs: this.#countedToMs };
  }

  restore({ units, countedToMs }: TokenBucketState): void {
    this.#units = units;
    this.#countedToMs = countedToMs;
  }

  /** To ask changes nothing: whoever replays what was done comes to the same state, however often others have asked. */
  #refilled(nowMs: number): TokenBucketState {
    const [units, countedToMs] = [this.#units, this.#countedToMs];
    if (nowMs <= countedToMs) return { units, countedToMs };
    const refilled = Math.min(this.#capacity, units + (nowMs - countedToMs) * this.#refillPerMs);
    return { units: refilled, countedToMs: nowMs };
  }
}
