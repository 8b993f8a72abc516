import { describeFault, type Fault } from '../../domain/fault.ts';
import { faultOfCode } from '../../protocol/error-codes.ts';
import type { Threads } from '../../ports/account-api.ts';

/** The code that means "no balance" in one place of the documentation and "no free thread" in another. */
export const zeroBalanceCode = 'ERROR_ZERO_BALANCE';

/** What the service says about the account when asked; null where it gave no usable answer. */
export interface AccountState {
  readonly threads: Threads | null;
  /** Only asked for where `threads` is null. */
  readonly balance: number | null;
}

/** The evidence that every thread is taken, as a sentence; null where there is none. */
function fullHouse({ threads, balance }: AccountState): string | null {
  if (threads !== null) {
    const { threads: all, workingThreads } = threads;
    return all > 0 && workingThreads >= all ? `Every thread is busy (${workingThreads} of ${all}).` : null;
  }
  return balance !== null && balance > 0 ? 'There is balance, so every thread must be busy.' : null;
}

/**
 * What `ERROR_ZERO_BALANCE` means for a submission: a full house is `throttled`, like the code for a busy account;
 * anything else, or no answer, stays `fault`, the account's.
 */
export function decideZeroBalance(fault: Fault, state: AccountState): Fault {
  const evidence = fullHouse(state);
  if (evidence === null) return fault;
  const { retryAfterMs } = faultOfCode('ERROR_NO_SLOT_AVAILABLE', 'submit', {});
  return describeFault({
    kind: 'throttled',
    code: zeroBalanceCode,
    message: `${zeroBalanceCode}: ${evidence} Lower the concurrency or buy threads.`,
    retryAfterMs: Math.max(retryAfterMs ?? 0, fault.retryAfterMs ?? 0),
    threadsFull: true,
  });
}
