import type { BudgetUsage, RetryBudget, Withdrawal, WithdrawRequest } from '../../ports/state.ts';
import type { Clock } from '../../ports/system.ts';
import { TokenBucket, type TokenBucketState } from './token-bucket.ts';

/** The keys `budget.*` of the configuration that describe the bucket. */
export interface RetryBudgetOptions {
  /** Tokens per accepted submission, 0..1; null for the fixed bucket, refilled at `maxRetriesPerSecond`. */
  readonly ratio: number | null;
  readonly minRetriesPerSecond: number;
  readonly maxRetriesPerSecond: number;
  readonly burst: number;
}

/** True if two processes that share a budget use the same options. */
export function isSameBudget(a: RetryBudgetOptions, b: RetryBudgetOptions): boolean {
  return (
    a.ratio === b.ratio &&
    a.minRetriesPerSecond === b.minRetriesPerSecond &&
    a.maxRetriesPerSecond === b.maxRetriesPerSecond &&
    a.burst === b.burst
  );
}

/** A granted token is usable after `waitMs`; after a refusal, `waitMs` says when a new request may succeed. */
export type Decision = { readonly granted: boolean; readonly waitMs: number };

/** The complete state of a budget, apart from its options. Plain JSON. */
export interface RetryBudgetSnapshot {
  readonly latestMs: number;
  readonly funded: TokenBucketState;
  readonly ceiling: TokenBucketState;
}

/**
 * The retry budget of all tasks together. A state machine; the caller passes the time. A time earlier than the last one
 * counts as the last, so that a replay of shuffled records grants nothing extra.
 *
 * Two buckets of size `burst`; a retry needs a token in both. `funded` is filled by accepted submissions (`ratio` each)
 * and by time (`minRetriesPerSecond`). `ceiling` refills at `maxRetriesPerSecond`, independent of deposits. So in any t
 * seconds at most `burst + maxRetriesPerSecond·t` retries begin, and in any t seconds that begin without an outstanding
 * reservation at most `burst + ratio·accepted + minRetriesPerSecond·t`. A burst of deposits is not lost, only limited
 * to the ceiling's rate.
 */
export class RetryBudgetState {
  readonly #ratio: number;
  readonly #funded: TokenBucket;
  readonly #ceiling: TokenBucket;
  #latestMs: number;

  constructor(options: RetryBudgetOptions, nowMs: number) {
    const { burst, ratio, maxRetriesPerSecond } = options;
    this.#ratio = ratio ?? 0;
    this.#latestMs = nowMs;
    const refillPerSecond =
      ratio === null ? maxRetriesPerSecond : Math.min(options.minRetriesPerSecond, maxRetriesPerSecond);
    this.#funded = new TokenBucket({ burst, refillPerSecond }, nowMs);
    this.#ceiling = new TokenBucket({ burst, refillPerSecond: maxRetriesPerSecond }, nowMs);
  }

  /** Tokens that a retry could use now, fractions included; below 0 while reservations are outstanding. */
  balance(nowMs: number): number {
    const atMs = Math.max(this.#latestMs, nowMs);
    return Math.min(this.#funded.balance(atMs), this.#ceiling.balance(atMs));
  }

  /** Records accepted submissions. */
  deposit(nowMs: number, count = 1): void {
    this.#funded.deposit(this.#ratio, this.#forward(nowMs), count);
  }

  /** Wait until a token is usable, after all reservations and by time alone, in ms: 0 for now, Infinity for never. */
  waitForTokenMs(nowMs: number): number {
    const atMs = Math.max(this.#latestMs, nowMs);
    return Math.max(this.#funded.waitForTokenMs(atMs), this.#ceiling.waitForTokenMs(atMs));
  }

  /**
   * Takes a token that is usable within `maxWaitMs` (0: now), or leaves the balance unchanged. First come, first
   * served: no token is usable before one that was taken earlier.
   */
  tryWithdraw(maxWaitMs: number, nowMs: number): Decision {
    const atMs = this.#forward(nowMs);
    const waitMs = this.waitForTokenMs(atMs);
    if (waitMs === Infinity || waitMs > maxWaitMs) return { granted: false, waitMs };
    this.#funded.withdraw(atMs + waitMs);
    this.#ceiling.withdraw(atMs + waitMs);
    return { granted: true, waitMs };
  }

  snapshot(): RetryBudgetSnapshot {
    return { latestMs: this.#latestMs, funded: this.#funded.snapshot(), ceiling: this.#ceiling.snapshot() };
  }

  restore({ latestMs, funded, ceiling }: RetryBudgetSnapshot): void {
    this.#latestMs = latestMs;
    this.#funded.restore(funded);
    this.#ceiling.restore(ceiling);
  }

  #forward(nowMs: number): number {
    this.#latestMs = Math.max(this.#latestMs, nowMs);
    return this.#latestMs;
  }
}

/** The retry budget of one process: its tasks share one bucket, other processes have their own. */
export class ProcessRetryBudget implements RetryBudget {
  readonly #clock: Clock;
  readonly #state: RetryBudgetState;
  readonly #counts = { granted: 0, refused: 0 };
  #acceptedCount = 0;

  constructor(options: RetryBudgetOptions, { clock }: { clock: Clock }) {
    this.#clock = clock;
    this.#state = new RetryBudgetState(options, clock.nowMs());
  }

  deposit(): void {
    this.#acceptedCount += 1;
    this.#state.deposit(this.#clock.nowMs());
  }

  /** Read-only. */
  get state(): Pick<RetryBudgetState, 'balance' | 'waitForTokenMs'> {
    return this.#state;
  }

  get acceptedCount(): number {
    return this.#acceptedCount;
  }

  tryWithdraw({ onExhausted, maxWaitMs }: WithdrawRequest): Withdrawal {
    const nowMs = this.#clock.nowMs();
    const { granted, waitMs } = this.#state.tryWithdraw(onExhausted === 'wait' ? maxWaitMs : 0, nowMs);
    this.#counts[granted ? 'granted' : 'refused'] += 1;
    if (granted) return { granted, waitMs, balance: this.#state.balance(nowMs) };
    return { granted, retryInMs: waitMs === Infinity ? null : waitMs };
  }

  usage(): BudgetUsage {
    return { scope: 'process', ...this.#counts };
  }
}
