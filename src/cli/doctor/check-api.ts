import type { Fault } from '../../domain/fault.ts';
import type { ConnectionReport, ConnectionStep, ServiceSurvey } from '../../ports/service-survey.ts';
import { formatMs } from '../output/format.ts';
import { failure, type Finding, ok, warning } from './finding.ts';

const stepFixes: Record<ConnectionStep, string> = {
  DNS: 'check the host name in api.baseUrl, and that this machine resolves names; behind a proxy set HTTPS_PROXY',
  TCP: 'check api.baseUrl and what stands in between: a firewall, a VPN, or a proxy that HTTPS_PROXY must name',
  TLS: "check this machine's clock; where a proxy opens TLS, name its authority in NODE_EXTRA_CA_CERTS",
};

const laterFix = 'try again later; where it lasts, look at the status page of the service, or ask its support';

const addressFix =
  'check api.baseUrl: something else may answer there; where it is right, try again later, or ask the support of the service';

/** A gateway that says that the service is down, and one that does not answer, are where they should be. */
const isPassing = ({ kind, message }: Fault): boolean => kind === 'timeout' || / answered HTTP 5\d\d\b/.test(message);

function stepsText({ steps }: ConnectionReport): string {
  return steps.map(({ step, durationMs }) => `${step} ${formatMs(durationMs)}, `).join('');
}

/** Whether the service at `baseUrl` can be reached, step by step, and answers coherently. */
export function checkApi({ connection, answers }: ServiceSurvey, baseUrl: string): Finding {
  const way = connection === null ? 'through the proxy, ' : stepsText(connection);
  if (connection !== null && connection.failed !== null) {
    const { step, error } = connection.failed;
    return failure(`${baseUrl}: ${way}${step} failed: ${error}`, stepFixes[step]);
  }
  const { fault, roundTripsMs } = answers ?? { fault: null, roundTripsMs: [] };
  const kind = fault?.kind ?? null;
  if (fault === null || kind === 'account') return ok(`${baseUrl}: ${way}HTTP answers`);
  const found = `${baseUrl}: ${way}HTTP: ${fault.message}`;
  if (kind === 'throttled') return warning(found, 'it is busy or limits requests: ask less often');
  // Some answers came before it failed: it is there, but not steadily.
  return roundTripsMs.length > 1
    ? warning(`${found} (after ${roundTripsMs.length} answers)`, laterFix)
    : failure(found, isPassing(fault) ? laterFix : addressFix);
}
