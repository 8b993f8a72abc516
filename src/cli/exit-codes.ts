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

/** The table as `captcha --help` shows it. */
export const exitCodeHelp = `
Exit codes:
  0    all done; all regions are serving (healthy, degraded or idle)
  1    finished, but a task was not solved, or some regions are not serving
  2    usage, config or input error, or denied by the policy: nothing was sent.
       Or the response did not come from the service: check api.baseUrl
  3    account error that needs manual action: bad key, no balance, IP not allowed
  4    temporarily unavailable: budget, breaker, attempts or deadline used up,
       submissions on hold or limited, or no region is serving; retry later
  70   a bug in this program
  74   local input or output failed: disk full, unwritable file, too many open files
  130  interrupted (SIGINT); 143: terminated (SIGTERM); 141: the reader closed the pipe

A signal is the normal end of --watch, --follow and worker: exit code 0.`;
