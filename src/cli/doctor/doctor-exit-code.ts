import { exitCodes } from '../exit-codes.ts';
import type { CheckName, CheckReport } from './checks.ts';

/** What a failure of a check means to a script. */
const codeOf: Record<CheckName, number> = {
  config: exitCodes.usage,
  key: exitCodes.usage,
  policy: exitCodes.usage,
  proxy: exitCodes.usage,
  api: exitCodes.unavailable,
  latency: exitCodes.notAllSolved,
  clock: exitCodes.notAllSolved,
  account: exitCodes.account,
  node: exitCodes.notAllSolved,
  'state-folder': exitCodes.localIo,
  'disk-space': exitCodes.localIo,
  regions: exitCodes.usage,
  'region-health': exitCodes.notAllSolved,
  routes: exitCodes.usage,
  queues: exitCodes.unavailable,
};

/** What only a person can mend comes before what time may mend, and what makes other checks doubtful before both. */
const precedence = [
  exitCodes.usage,
  exitCodes.account,
  exitCodes.localIo,
  exitCodes.unavailable,
  exitCodes.notAllSolved,
];

/** The exit code of an examination: 0 where nothing failed, else that of the failure that comes first in precedence. */
export function doctorExitCode(reports: readonly CheckReport[]): number {
  const codes = new Set(reports.filter(({ status }) => status === 'failure').map(({ check }) => codeOf[check]));
  return precedence.find((code) => codes.has(code)) ?? exitCodes.done;
}
