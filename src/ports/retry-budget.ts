import type { Awaitable } from './awaitable.ts';

export interface WithdrawRequest {
  /** `wait` reserves a token that will be free later; `fail` takes one that is free now, or none. */
  readonly onExhausted: 'fail' | 'wait';
  /** A reservation further off than this, in ms, is refused. */
  readonly maxWaitMs: number;
  /** Who spends, for the audit. */
  readonly taskId: string;
}

export type Withdrawal =
  /** The token is the caller's, to be used no sooner than after `waitMs`. */
  | { readonly granted: true; readonly waitMs: number; readonly balance: number }
  /** Nothing was taken. `retryInMs`: until a token would be free; null where none ever will by time alone. */
  | { readonly granted: false; readonly retryInMs: number | null };

/** What all tasks together may retry. Every submission after the first of a task withdraws one token, before its backoff. */
export interface RetryBudget {
  /** Records an accepted submission, which funds later retries. */
  deposit(): Awaitable<void>;
  /** Takes one token, or says when to come back. There are no refunds. */
  tryWithdraw(request: WithdrawRequest): Awaitable<Withdrawal>;
}
