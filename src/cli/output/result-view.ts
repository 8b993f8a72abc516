import type { Result } from '../solve/fetch-result.ts';

function statusOf(result: Result): 'solved' | 'not-ready' | 'failed' | 'unknown' {
  if (!('fault' in result)) return 'solved';
  if (result.isPending) return 'not-ready';
  const { kind } = result.fault;
  // Everything else says nothing about the id.
  return kind === 'unsolvable' || kind === 'rejected' ? 'failed' : 'unknown';
}

/** A result as `captcha result --json` prints it: the same keys whether there is a solution or not. */
export function resultReport(result: Result): object {
  const solution = 'solution' in result ? result.solution : null;
  const fault = 'fault' in result ? result.fault : null;
  return {
    captchaId: result.captchaId,
    status: statusOf(result),
    solution: solution?.text ?? null,
    fields: solution?.fields ?? {},
    code: fault?.code ?? null,
    message: fault?.message ?? null,
  };
}
