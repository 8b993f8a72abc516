/**
 * Tokens are counted in millionths, so that deposits add up exactly: with plain floats, ten deposits of 0.1 do not pay
 * for a retry.
 */
const unitsPerToken = 1_000_000;
const perSecondToPerMs = unitsPerToken / 1_000;

export interface TokenBucketOptions {
  /** Capacity and initial balance, in tokens; at least 1. */
  readonly burst: number;
  /** Refill rate in tokens per second, apart from deposits; at least 0. */
  readonly refillPerSecond: number;
}

/** The complete state of a bucket, apart from its options. */
export interface TokenBucketState {
  /** Millionths of a token. */
  readonly units: number;
  readonly countedToMs: number;
}

/**
 * A token bucket. The caller passes the time in ms, and `nowMs` must not decrease from call to call.
 *
 * A token may be reserved for a later moment. It is charged at that moment, and the bucket's own time moves there too,
 * so no later request overtakes a reservation. Hence the tokens usable in any window of t seconds are at most `burst +
 * refillPerSecond·t`, plus the deposits since the last moment without an outstanding reservation.
 */
export class TokenBucket {
  readonly #capacity: number;
  readonly #refillPerMs: number;
  #units: number;
  /** Time up to which the refill is counted; ahead of the clock while a reservation is outstanding. */
  #countedToMs: number;

  constructor(options: TokenBucketOptions, nowMs: number) {
    this.#capacity = Math.round(options.burst * unitsPerToken);
    this.#refillPerMs = options.refillPerSecond * perSecondToPerMs;
    this.#units = this.#capacity;
    this.#countedToMs = nowMs;
  }

  /** Tokens available now; below 0 while reserved tokens are not earned yet. */
  balance(nowMs: number): number {
    const { units, countedToMs } = this.#refilled(nowMs);
    return (units - (countedToMs - nowMs) * this.#refillPerMs) / unitsPerToken;
  }

  /** Adds `tokens` `times` times; tokens above the capacity are lost. */
  deposit(tokens: number, nowMs: number, times = 1): void {
    this.restore(this.#refilled(nowMs));
    // Rounded before the multiplication: one deposit of n equals n deposits of one.
    this.#units = Math.min(this.#capacity, this.#units + Math.round(tokens * unitsPerToken) * times);
  }

  /** Wait until a token is usable, after all reservations and by time alone, in ms: 0 for now, Infinity for never. */
  waitForTokenMs(nowMs: number): number {
    const { units, countedToMs } = this.#refilled(nowMs);
    const [aheadMs, missing] = [countedToMs - nowMs, unitsPerToken - units];
    if (missing <= 0) return aheadMs;
    return this.#refillPerMs === 0 ? Infinity : aheadMs + Math.ceil(missing / this.#refillPerMs);
  }

  /** Takes the token that is usable at `atMs`. The caller has checked `waitForTokenMs` and waits at least that long. */
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

  /** Reading changes no state, so a replay of the entries gives the same state, however often it was read. */
  #refilled(nowMs: number): TokenBucketState {
    const [units, countedToMs] = [this.#units, this.#countedToMs];
    if (nowMs <= countedToMs) return { units, countedToMs };
    const refilled = Math.min(this.#capacity, units + (nowMs - countedToMs) * this.#refillPerMs);
    return { units: refilled, countedToMs: nowMs };
  }
}
