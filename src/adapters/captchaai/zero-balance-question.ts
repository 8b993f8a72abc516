import { describeFault, ProviderFault, type Fault } from '../../domain/fault.ts';
import type { AccountApi } from '../../ports/account-api.ts';
import type { CallLimits } from '../../ports/solver-api.ts';
import { watchLimits } from './call-limits.ts';
import { decideZeroBalance, zeroBalanceCode, type AccountState } from './zero-balance.ts';

type Account = Pick<AccountApi, 'threads' | 'balance'>;

/** Null where the service gave no usable answer. */
async function tryAsk<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ProviderFault) return null;
    throw error;
  }
}

async function askState(account: Account): Promise<AccountState> {
  const threads = await tryAsk(() => account.threads());
  return { threads, balance: threads === null ? await tryAsk(() => account.balance()) : null };
}

/** A caller that cannot wait for the answer learns nothing about the account: the run must not stop for that. */
const unexplained = (kind: 'timeout' | 'transport'): Fault =>
  describeFault({
    kind,
    code: zeroBalanceCode,
    message: `${zeroBalanceCode}: no balance or no free thread; there was no time to ask which.`,
  });

/**
 * Explains `ERROR_ZERO_BALANCE` by asking the service. Submissions that are answered so at the same time share one
 * question; each still keeps to its own limits.
 */
export function zeroBalanceQuestion(account: Account): (fault: Fault, limits: CallLimits) => Promise<Fault> {
  let asking: Promise<AccountState> | null = null;

  return (fault, limits) => {
    asking ??= askState(account).finally(() => {
      asking = null;
    });
    const shared = asking;
    return new Promise((resolve, reject) => {
      const stopWatch = watchLimits(limits, (limit) =>
        resolve(unexplained(limit === 'timeout' ? 'timeout' : 'transport')),
      );
      shared.then((state) => resolve(decideZeroBalance(fault, state)), reject).finally(stopWatch);
    });
  };
}
