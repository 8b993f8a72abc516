import { UsageError } from '../../domain/errors.ts';
import { describeFault, type Fault, type FaultKind, ProviderFault } from '../../domain/fault.ts';
import type { AccountApi, CallLimits, SolverApi, Threads } from '../../ports/api.ts';
import { faultOfCode } from '../../protocol/error-codes.ts';
import { wireParameters } from '../../protocol/wire.ts';
import { proxyFor } from '../http/proxy.ts';
import { ApiConnection, watchLimits } from './api-connection.ts';
import {
  parseBalance,
  parseSubmitResponse,
  parsePollResponse,
  parseReportResponse,
  parseThreads,
} from './responses.ts';

/** The documentation uses this code both for "no balance" and for "no free thread". */
const zeroBalanceCode = 'ERROR_ZERO_BALANCE';

/** The account's state as reported by the service; a field is null without a usable answer. */
export interface AccountState {
  readonly threads: Threads | null;
  /** Requested only if `threads` is null. */
  readonly balance: number | null;
}

/** A sentence with the evidence that all threads are busy; null without such evidence. */
function throttledReason({ threads, balance }: AccountState): string | null {
  if (threads !== null) {
    const { threads: all, workingThreads } = threads;
    return all > 0 && workingThreads >= all ? `Every thread is busy (${workingThreads} of ${all}).` : null;
  }
  return balance !== null && balance > 0 ? 'The account has a balance, so every thread must be busy.' : null;
}

/**
 * The meaning of `ERROR_ZERO_BALANCE` for a submission. With evidence of busy threads it is `throttled`, like the code
 * for a busy account. Otherwise, or without an answer, it stays `fault`, of kind `account`.
 */
export function decideZeroBalance(fault: Fault, state: AccountState): Fault {
  const evidence = throttledReason(state);
  if (evidence === null) return fault;
  const { retryAfterMs } = faultOfCode('ERROR_NO_SLOT_AVAILABLE', 'submit', {});
  return describeFault({
    kind: 'throttled',
    code: zeroBalanceCode,
    message: `${zeroBalanceCode}: ${evidence} Lower the concurrency or buy threads.`,
    retryAfterMs: Math.max(retryAfterMs ?? 0, fault.retryAfterMs ?? 0),
    threadsFull: true,
  });
}

type Account = Pick<AccountApi, 'threads' | 'balance'>;

/** Null if the service gave no usable answer. */
async function valueOrNull<T>(request: () => Promise<T>): Promise<T | null> {
  try {
    return await request();
  } catch (error) {
    if (error instanceof ProviderFault) return null;
    throw error;
  }
}

async function getAccountState(account: Account): Promise<AccountState> {
  const threads = await valueOrNull(() => account.threads());
  return { threads, balance: threads === null ? await valueOrNull(() => account.balance()) : null };
}

/** The fault for a caller that cannot wait for the account's state. It must not stop the run. */
const unexplained = (kind: 'timeout' | 'transport'): Fault =>
  describeFault({
    kind,
    code: zeroBalanceCode,
    message: `${zeroBalanceCode}: no balance or no free thread (no time left to check which).`,
  });

/** Once all threads were seen busy, the code is taken to mean that for so long. */
const fullHouseHoldsMs = 30_000;

/**
 * Explains `ERROR_ZERO_BALANCE` by requesting the account's state. Submissions that get this code at the same time, or
 * soon after it meant busy threads, share one request; each keeps its own limits.
 */
function confirmZeroBalance(account: Account): (fault: Fault, limits: CallLimits) => Promise<Fault> {
  let known: { readonly state: Promise<AccountState>; untilMs: number } | null = null;

  const askAgain = () => {
    const asked = { state: getAccountState(account), untilMs: Infinity };
    const keep = (state: AccountState): void => {
      asked.untilMs = throttledReason(state) === null ? 0 : performance.now() + fullHouseHoldsMs;
    };
    asked.state.then(keep, () => (asked.untilMs = 0));
    return asked;
  };
  return (fault, limits) => {
    if (known === null || performance.now() >= known.untilMs) known = askAgain();
    const shared = known.state;
    return new Promise((resolve, reject) => {
      const stopWatch = watchLimits(limits, (limit) =>
        resolve(unexplained(limit === 'timeout' ? 'timeout' : 'transport')),
      );
      shared.then((state) => resolve(decideZeroBalance(fault, state)), reject).finally(stopWatch);
    });
  };
}

/** Options of the CaptchaAI client. */
export interface CaptchaAiOptions {
  /** Base URL, such as `https://ocr.captchaai.com`; its path is kept. */
  readonly baseUrl: string;
  readonly key: string;
  /** Timeout of one request, from asking for a connection to the last byte, in ms. */
  readonly timeoutMs: number;
  /** Limit of open connections; further requests wait for one. */
  readonly connections: number;
  /** Where the key came from, for messages about it, such as `the key in CAPTCHAAI_API_KEY`; left out if unknown. */
  readonly keySource?: string;
  /** Overrides for the kinds of error codes. */
  readonly errorKinds: Readonly<Record<string, FaultKind>>;
  /** The environment with the proxy variables. */
  readonly env: NodeJS.ProcessEnv;
  /** Wall clock in ms since the epoch, for `Retry-After` dates. */
  readonly nowMs: () => number;
}

export interface CaptchaAi extends SolverApi, AccountApi {
  /** Number of HTTP requests put on the wire, account requests included. */
  requestCount(): number;
  /** Aborts every open request and connection. */
  close(): Promise<void>;
}

/** Account requests come from a user or serve many callers: only the client's own timeout limits them. */
const unlimited: CallLimits = { timeLeftMs: Infinity };

function parseBaseUrl(baseUrl: string): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new UsageError('The base URL is not an http:// or https:// URL.', 'Check api.baseUrl or CAPTCHAAI_BASE_URL.');
}

function accountApi(session: ApiConnection): AccountApi {
  const about = (action: string, more: Readonly<Record<string, string>> = {}) =>
    ({ call: 'account', form: { ...more, action }, limits: unlimited }) as const;
  return {
    balance: () => session.request(about('getbalance'), parseBalance),
    threads: () => session.request(about('threadsinfo'), parseThreads),
    async report(captchaId, verdict) {
      await session.request(about(`report${verdict}`, { id: captchaId }), parseReportResponse);
    },
  };
}

function solverApi(session: ApiConnection, explain: ReturnType<typeof confirmZeroBalance> | null): SolverApi {
  return {
    submit(task, limits) {
      const startedAtMs = performance.now();
      const asked = session.request({ call: 'submit', form: wireParameters(task), limits }, parseSubmitResponse);
      return asked.catch(async (error: unknown) => {
        if (explain === null || !(error instanceof ProviderFault) || error.fault.code !== zeroBalanceCode) throw error;
        const timeLeftMs = limits.timeLeftMs - (performance.now() - startedAtMs);
        throw new ProviderFault(await explain(error.fault, { ...limits, timeLeftMs }));
      });
    },
    poll: (captchaId, limits) =>
      session.request({ call: 'poll', form: { action: 'get', id: captchaId }, limits }, parsePollResponse),
  };
}

/**
 * Creates a client for CaptchaAI and services with the same protocol. Every request is a POST with the key in its body,
 * sent at most once; no redirect is followed. An image for the method `post` is sent as `base64` text. Throws
 * `UsageError` for a malformed base URL or proxy variable; the methods throw only `ProviderFault`.
 */
export function createCaptchaAi(options: CaptchaAiOptions): CaptchaAi {
  const baseUrl = parseBaseUrl(options.baseUrl);
  const session = new ApiConnection({ ...options, baseUrl, proxy: proxyFor(baseUrl, options.env) });
  const account = accountApi(session);
  // A kind that the user configured for the code needs no explanation.
  const explain = Object.hasOwn(options.errorKinds, zeroBalanceCode) ? null : confirmZeroBalance(account);
  return {
    ...solverApi(session, explain),
    ...account,
    requestCount: () => session.requestCount,
    close: () => session.close(),
  };
}
