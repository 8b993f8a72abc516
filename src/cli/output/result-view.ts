import type { FaultKind } from '../../domain/fault.ts';
import type { Result } from '../solve/fetch-result.ts';

/** `unknown` where the service said nothing about the id. */
const statusByKind: Record<FaultKind, 'not-ready' | 'failed' | 'unknown'> = {
  timeout: 'not-ready',
  unsolvable: 'failed',
  rejected: 'failed',
  account: 'unknown',
  throttled: 'unknown',
  transport: 'unknown',
};

/** A result as `captcha result --json` prints it: the same keys whether there is a solution or not. */
export function resultReport(result: Result): object {
  const solution = 'solution' in result ? result.solution : null;
  const fault = 'fault' in result ? result.fault : null;
  return {
    captchaId: result.captchaId,
    status: fault === null ? 'solved' : statusByKind[fault.kind],
    solution: solution?.text ?? null,
    fields: solution?.fields ?? {},
    code: fault?.code ?? null,
    message: fault?.message ?? null,
  };
}
