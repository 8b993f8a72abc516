import type { Admission, Pass, Verdict } from '../../ports/breaker.ts';
import type { Withdrawal } from '../../ports/retry-budget.ts';
import type { FleetEntry, FleetErrand } from '../retry/fleet-ledger.ts';
import type { RetryBudgetOptions } from '../retry/retry-budget.ts';
import type { BreakerOptions } from './circuit-breaker.ts';

/** The keys `budget.*` and `breaker.*` that a log holds for all who write it. */
export interface ProtectionOptions {
  readonly budget: RetryBudgetOptions;
  readonly breaker: BreakerOptions;
}

/** What a process tells all others about retries and about the service. Plain JSON. */
export type ProtectionEntry =
  | FleetEntry
  /** Asks for a token; null waits for ever. */
  | { readonly type: 'withdraw'; readonly maxWaitMs: number | null; readonly task: string }
  /** Asks to submit, where the breaker does not admit everybody. */
  | { readonly type: 'enter' }
  | {
      readonly type: 'verdict';
      readonly pass: Pass;
      readonly verdict: Verdict;
      readonly jitter: number;
      readonly count: number;
    }
  /** What a process did on its own for a while; `task` is the last that it was about. */
  | {
      readonly type: 'tally';
      readonly accepted: number;
      readonly budgetRefused: number;
      readonly breakerRefused: number;
      readonly task: string;
    }
  /** The service asked to be left alone for so long. */
  | { readonly type: 'quiet'; readonly ms: number }
  /** Wants other options, which holds where nobody has written for long. */
  | { readonly type: 'configure'; readonly options: ProtectionOptions }
  /** Starts anew, whatever there was. */
  | { readonly type: 'reset'; readonly options: ProtectionOptions };

export type ProtectionAnswer = Withdrawal | Admission | FleetErrand | null;

/** What an entry leads to. */
export type AnswerTo<Entry extends ProtectionEntry> = Entry extends { readonly type: 'withdraw' | 'spend' }
  ? Withdrawal
  : Entry extends { readonly type: 'enter' }
    ? Admission
    : Entry extends { readonly type: 'fleet-talk' }
      ? FleetErrand
      : null;
