import type { ApiReach, ProbeResult } from '../../ports/region-probe.ts';

/** An endpoint that refuses with a status was reached: only silence is a matter of the network. */
const isSilent = (result: ProbeResult): boolean => !result.answered && result.latencyMs === null;

/**
 * Whose fault it probably is when several things fail at once, as one sentence; null where nothing suggests that. What
 * fails everywhere at the same moment has one cause, and it is often the machine that looks.
 */
export function explainOutage(results: readonly ProbeResult[], api: ApiReach): string | null {
  const allFail = results.length > 0 && results.every((result) => !result.answered);
  if (allFail && !api.reachable && results.every(isSilent)) {
    return "nothing can be reached from here, not even the CaptchaAI API: probably this machine's network (DNS, VPN, proxy, firewall)";
  }
  if (allFail && results.length > 1 && api.reachable) {
    return 'all regions fail at once while the CaptchaAI API can be reached: look at what they share (a deployment, a certificate, the way from here to them)';
  }
  return api.reachable
    ? null
    : 'the CaptchaAI API cannot be reached from here; that says nothing about the regions and does not count against them';
}
