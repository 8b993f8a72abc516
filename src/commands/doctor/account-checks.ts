import { formatMs } from '../../cli/format.ts';
import type { FaultKind } from '../../domain/fault.ts';
import { shellQuoted } from '../../domain/shell-word.ts';
import type {
  ClockReading,
  ConnectionReport,
  ConnectionStep,
  ServiceAnswers,
  ApiProbeReport,
  Threads,
} from '../../ports/api.ts';
import { combined, failure, type Finding, ok, type Problem, skipped, warning } from './finding.ts';

/** What may be said about the API key. The key itself is not in here. */
export interface KeyFacts {
  /** Where it is read from, such as `CAPTCHAAI_API_KEY`; null where no source is set. */
  readonly source: string | null;
  /** Why it cannot be used; null where it can. */
  readonly problem: Problem | null;
  /** Without surrounding blanks. */
  readonly length: number;
  /** Blanks around it, but for the one line end that closes a file. */
  readonly hasBlanks: boolean;
  /** The file that holds it; null where it comes from a variable. */
  readonly file: { readonly path: string; readonly mode: number } | null;
}

/** CaptchaAI answers a key of any other length with ERROR_WRONG_USER_KEY. Other services have other keys. */
const captchaAiKeyLength = 32;
const forOthers = 0o006;
/** Containers mount secrets here, readable for all users inside; there are no other users. */
const secretsFolder = '/run/secrets/';

function lengthFindings({ length }: KeyFacts, baseUrl: string): readonly Finding[] {
  const isCaptchaAi = /(^|\.)captchaai\.com\.?$/.test(new URL(baseUrl).hostname);
  if (!isCaptchaAi || length === captchaAiKeyLength) return [];
  const found = `the key has ${length} characters; CaptchaAI keys have ${captchaAiKeyLength}`;
  return [warning(found, 'copy exactly the key from the CaptchaAI dashboard')];
}

function fileFindings({ file }: KeyFacts): readonly Finding[] {
  if (file === null || (file.mode & forOthers) === 0 || file.path.startsWith(secretsFolder)) return [];
  const mode = `0${(file.mode & 0o777).toString(8)}`;
  return [
    warning(`other users of this machine can read ${file.path} (mode ${mode})`, `chmod 600 ${shellQuoted(file.path)}`),
  ];
}

const blanks = warning(
  'the key has leading or trailing whitespace',
  'remove it (captcha trims the key, other tools may not)',
);

/** Whether there is a key to send, and whether it is kept well. `baseUrl` is null where no configuration could be read. */
export function checkKey(facts: KeyFacts, baseUrl: string | null): Finding {
  const { source, problem, hasBlanks } = facts;
  if (source === null && baseUrl === null) {
    return skipped('no environment variable sets it, and the configuration that may name its source cannot be read');
  }
  if (problem !== null) return failure(problem.message, problem.hint);
  return combined([
    ok(`from ${source ?? 'nowhere'}`),
    ...(baseUrl === null ? [] : lengthFindings(facts, baseUrl)),
    ...(hasBlanks ? [blanks] : []),
    ...fileFindings(facts),
  ]);
}

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
  if (!hasKey) return skipped('needs a key', 'see the key check');
  const { fault, balance, threads } = answers ?? { fault: null, balance: null, threads: null };
  if (fault?.kind === 'account')
    return failure(fault.message, 'check the account in the CaptchaAI dashboard: key, plan, allowed IP addresses');
  if (balance === null) return skipped('the service did not answer', 'see the api check');
  return combined([balanceFinding(balance, threads), ...(threads === null ? [] : [threadsFinding(threads)])]);
}

const stepFixes: Record<ConnectionStep, string> = {
  DNS: 'check the host name in api.baseUrl and the DNS settings of this machine; behind a proxy, set HTTPS_PROXY',
  TCP: 'check api.baseUrl and the network path: firewall, VPN, or a proxy that must be set in HTTPS_PROXY',
  TLS: "check this machine's clock; if a proxy intercepts TLS, set its CA certificate in NODE_EXTRA_CA_CERTS",
};

const laterFix = 'try again later; if it persists, check the status page of the service or ask its support';

const addressFix =
  'check api.baseUrl: another server may answer there; if it is right, try again later or ask the support of the service';

/** A gateway that says that the service is down, and one that does not answer, are where they should be. */
const isTransient = (kind: FaultKind | null, status: number | null): boolean =>
  kind === 'timeout' || (status ?? 0) >= 500;

function stepsText({ steps }: ConnectionReport): string {
  return steps.map(({ step, durationMs }) => `${step} ${formatMs(durationMs)}, `).join('');
}

/** Whether the service at `baseUrl` can be reached, step by step, and answers coherently. */
export function checkApi({ connection, answers }: ApiProbeReport, baseUrl: string): Finding {
  const way = connection === null ? 'through the proxy, ' : stepsText(connection);
  if (connection !== null && connection.failed !== null) {
    const { step, error } = connection.failed;
    return failure(`${baseUrl}: ${way}${step} failed: ${error}`, stepFixes[step]);
  }
  const { fault, roundTripsMs, status } = answers ?? { fault: null, roundTripsMs: [], status: null };
  const kind = fault?.kind ?? null;
  if (fault === null || kind === 'account') return ok(`${baseUrl}: ${way}HTTP answers`);
  const found = `${baseUrl}: ${way}HTTP: ${fault.message}`;
  if (kind === 'throttled') return warning(found, 'the service is busy or limits requests: send fewer requests');
  // Some answers came before it failed: it is there, but not steadily.
  return roundTripsMs.length > 1
    ? warning(`${found} (measured with ${roundTripsMs.length} answers)`, laterFix)
    : failure(found, isTransient(kind, status) ? laterFix : addressFix);
}

/** An attempt asks four times or more: from here on the way to the service costs as much as some solutions take. */
const slowMs = 1_000;

const middleOf = (sorted: readonly number[]): number => {
  const [low, high] = [Math.floor((sorted.length - 1) / 2), Math.ceil((sorted.length - 1) / 2)];
  return ((sorted[low] ?? 0) + (sorted[high] ?? 0)) / 2;
};

/** What it takes to connect: measured step by step, or through a proxy what the first question took beyond the others. */
function setUpMs({ connection }: ApiProbeReport, firstMs: number, medianMs: number): number {
  if (connection === null) return Math.max(0, firstMs - medianMs);
  return connection.steps.reduce((sum, { durationMs }) => sum + durationMs, 0);
}

/** How long the service takes to answer, connecting apart: the baseline that regions are compared with. */
export function checkLatency(apiProbe: ApiProbeReport): Finding {
  const [first, ...warmed] = apiProbe.answers?.roundTripsMs ?? [];
  if (first === undefined) return skipped('no answers to measure');
  if (warmed.length === 0) {
    return skipped(
      `one round trip took ${formatMs(first)}, including the connection`,
      'a valid key is needed to measure more',
    );
  }
  const sorted = warmed.toSorted((a, b) => a - b);
  const median = middleOf(sorted);
  const [min, max] = [sorted[0] ?? 0, sorted.at(-1) ?? 0];
  const spread = `min ${formatMs(min)}, median ${formatMs(median)}, max ${formatMs(max)}`;
  const found = `${spread} in ${warmed.length} round trips; connecting ${formatMs(setUpMs(apiProbe, first, median))}`;
  return median < slowMs
    ? ok(found)
    : warning(found, 'run closer to the service, or check for a slow proxy, VPN or network link');
}

/** Solutions live 60 s and more: so much is a nuisance, and so much makes expired ones look fresh. */
const noticeableMs = 5_000;
const grossMs = 60_000;

const fix = 'synchronise the clock with NTP, for example: sudo timedatectl set-ntp true';

/** Whether this machine's clock agrees with the service's. Solutions expire by the wall clock, and nothing else does. */
export function checkClock(reading: ClockReading | null): Finding {
  if (reading === null) return skipped('the service sent no Date header');
  const { serverAt, localAt, roundTripMs } = reading;
  // The header is cut to seconds: the moment was half a second later, give or take half a second.
  const skewMs = localAt - (serverAt + 500);
  const doubtMs = 500 + roundTripMs / 2;
  const sizeMs = Math.abs(skewMs);
  if (sizeMs <= Math.max(doubtMs, noticeableMs))
    return ok(`agrees with the service's to within ${formatMs(Math.max(doubtMs, sizeMs))}`);
  const found = `${formatMs(sizeMs)} ${skewMs > 0 ? 'ahead of' : 'behind'} the service's clock`;
  return sizeMs > grossMs ? failure(`${found}: expiry times of solutions are wrong`, fix) : warning(found, fix);
}
