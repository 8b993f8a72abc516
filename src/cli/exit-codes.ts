import type { FaultKind } from '../domain/fault.ts';
import type { FailureReason, Outcome } from '../domain/outcome.ts';

/** The exit codes, as `captcha --help` and the README document them. */
export const exitCodes = {
  done: 0,
  notAllSolved: 1,
  usage: 2,
  account: 3,
  unavailable: 4,
  bug: 70,
  localIo: 74,
  interrupted: 130,
  closedPipe: 141,
} as const;

const byReason: Record<FailureReason, number> = {
  rejected: exitCodes.notAllSolved,
  unsolvable: exitCodes.notAllSolved,
  'in-doubt': exitCodes.notAllSolved,
  account: exitCodes.account,
  config: exitCodes.usage,
  local: exitCodes.localIo,
  'attempts-exhausted': exitCodes.unavailable,
  'budget-exhausted': exitCodes.unavailable,
  'breaker-open': exitCodes.unavailable,
  held: exitCodes.unavailable,
  'limit-reached': exitCodes.unavailable,
  'deadline-exceeded': exitCodes.unavailable,
  'no-healthy-region': exitCodes.unavailable,
  'policy-denied': exitCodes.usage,
  cancelled: exitCodes.interrupted,
};

const byFaultKind: Record<FaultKind, number> = {
  rejected: exitCodes.notAllSolved,
  unsolvable: exitCodes.notAllSolved,
  account: exitCodes.account,
  config: exitCodes.usage,
  local: exitCodes.localIo,
  transport: exitCodes.unavailable,
  timeout: exitCodes.unavailable,
  throttled: exitCodes.unavailable,
};

/** The exit code of a single task. */
export function exitCodeOfOutcome(outcome: Outcome): number {
  return outcome.status === 'solved' ? exitCodes.done : byReason[outcome.reason];
}

/** The exit code of a command that made one request, which the service refused. */
export function exitCodeOfFault(kind: FaultKind): number {
  return byFaultKind[kind];
}

/** What the exit codes mean, in the words of every page that lists them. */
export const exitCodeTable: readonly { readonly codes: string; readonly meaning: string; readonly action: string }[] = [
  { codes: '0', meaning: 'all done; all regions are serving (healthy, degraded or idle)', action: 'Continue.' },
  {
    codes: '1',
    meaning: 'finished, but a task was not solved, or some regions are not serving',
    action: 'Look at the result.',
  },
  {
    codes: '2',
    meaning:
      'usage, config or input error, or denied by the policy: nothing was sent. Or the response did not come from the service: check api.baseUrl',
    action: 'Fix the call.',
  },
  {
    codes: '3',
    meaning: 'the account needs manual action: bad key, no balance, IP not allowed',
    action: 'Page a person.',
  },
  {
    codes: '4',
    meaning:
      'temporarily unavailable: budget, breaker, attempts or deadline used up, submissions on hold or at their limit, or no region is serving',
    action: 'Try later.',
  },
  { codes: '70', meaning: 'a bug in this program (-v shows where)', action: 'Report it.' },
  {
    codes: '74',
    meaning: 'local input or output failed: disk full, unwritable file, too many open files',
    action: 'Correct the cause, and run the command again.',
  },
  { codes: '130', meaning: 'interrupted by SIGINT (Ctrl-C)', action: 'Run a batch again: it resumes.' },
  { codes: '141', meaning: 'the reader closed the pipe', action: 'Nothing to do.' },
  { codes: '143', meaning: 'terminated by SIGTERM', action: 'Run a batch again: it resumes.' },
];

/** The table as `captcha --help` shows it. */
export const exitCodeHelp = `
Exit codes:
${exitCodeTable.map(({ codes, meaning }) => `  ${codes.padEnd(3)}  ${meaning}`).join('\n')}

A signal is the normal end of --watch, --follow and worker: exit code 0.`;
