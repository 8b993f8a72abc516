import type { Clock } from '../../ports/clock.ts';
import type { RetryBudget, WithdrawRequest, Withdrawal } from '../../ports/retry-budget.ts';
import { type RetryBudgetOptions, RetryBudgetState } from './retry-budget.ts';

/** The retry budget of one process: every task of it draws on the same bucket, other processes on their own. */
export class ProcessRetryBudget implements RetryBudget {
  readonly #clock: Clock;
  readonly #state: RetryBudgetState;

  constructor(options: RetryBudgetOptions, { clock }: { clock: Clock }) {
    this.#clock = clock;
    this.#state = new RetryBudgetState(options, clock.nowMs());
  }

  deposit(): void {
    this.#state.deposit(this.#clock.nowMs());
  }

  tryWithdraw({ onExhausted, maxWaitMs }: WithdrawRequest): Withdrawal {
    const nowMs = this.#clock.nowMs();
    const { granted, waitMs } = this.#state.tryWithdraw(onExhausted === 'wait' ? maxWaitMs : 0, nowMs);
    if (granted) return { granted, waitMs, balance: this.#state.balance(nowMs) };
    return { granted, retryInMs: waitMs === Infinity ? null : waitMs };
  }
}
