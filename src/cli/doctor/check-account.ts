import type { Threads } from '../../ports/account-api.ts';
import type { ServiceAnswers } from '../../ports/service-survey.ts';
import { combined, failure, type Finding, ok, skipped, warning } from './finding.ts';

function balanceFinding(balance: number, threads: Threads | null): Finding {
  if (balance > 0) return ok(`balance ${balance}`);
  const topUp = 'top up the account';
  // Threads are sold by time: an account with threads solves whatever its balance.
  return threads !== null && threads.threads > 0
    ? warning(`balance ${balance}, but the account has threads`, `${topUp} before they run out`)
    : failure(`balance ${balance}: submissions will be refused`, topUp);
}

function threadsFinding({ threads, workingThreads }: Threads): Finding {
  const found = `${workingThreads} of ${threads} threads are busy`;
  if (threads === 0) return failure('the account has no threads: no task can be submitted', 'buy a plan');
  return workingThreads < threads
    ? ok(`${found}: ${threads - workingThreads} more tasks can be in work at once`)
    : warning(`${found}: submissions are refused until one is done`, 'lower the concurrency, or buy threads');
}

/** Whether the key is accepted, and what its account allows. `answers` is null where the service was not reached. */
export function checkAccount(answers: ServiceAnswers | null, hasKey: boolean): Finding {
  if (!hasKey) return skipped('needs a key', 'see the check key');
  const { fault, balance, threads } = answers ?? { fault: null, balance: null, threads: null };
  if (fault?.kind === 'account')
    return failure(fault.message, 'a person must look at the account: key, plan, allowed addresses');
  if (balance === null) return skipped('the service could not be asked', 'see the check api');
  return combined([balanceFinding(balance, threads), ...(threads === null ? [] : [threadsFinding(threads)])]);
}
