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

/** The code that means "no balance" in one place of the documentation and "no free thread" in another. */
const zeroBalanceCode = 'ERROR_ZERO_BALANCE';

/** What the service says about the account when asked; null where it gave no usable answer. */
export interface AccountState {
  readonly threads: Threads | null;
  /** Only asked for where `threads` is null. */
  readonly balance: number | null;
}

/** The evidence that every thread is taken, as a sentence; null where there is none. */
function throttledReason({ threads, balance }: AccountState): string | null {
  if (threads !== null) {
    const { threads: all, workingThreads } = threads;
    return all > 0 && workingThreads >= all ? `Every thread is busy (${workingThreads} of ${all}).` : null;
  }
  return balance !== null && balance > 0 ? 'The account has a balance, so every thread must be busy.' : null;
}

/**
 * What `ERROR_ZERO_BALANCE` means for a submission: busy threads are `throttled`, like the code for a busy account;
 * anything else, or no answer, stays `fault`, the account's.
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

/** Null where the service gave no usable answer. */
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

/** A caller that cannot wait for the answer learns nothing about the account: the run must not stop for that. */
const unexplained = (kind: 'timeout' | 'transport'): Fault =>
  describeFault({
    kind,
    code: zeroBalanceCode,
    message: `${zeroBalanceCode}: no balance or no free thread (no time left to check which).`,
  });

/**
 * Explains `ERROR_ZERO_BALANCE` by asking the service. Submissions that are answered so at the same time share one
 * question; each still keeps to its own limits.
 */
function confirmZeroBalance(account: Account): (fault: Fault, limits: CallLimits) => Promise<Fault> {
  let pendingState: Promise<AccountState> | null = null;

  return (fault, limits) => {
    pendingState ??= getAccountState(account).finally(() => {
      pendingState = null;
    });
    const shared = pendingState;
    return new Promise((resolve, reject) => {
      const stopWatch = watchLimits(limits, (limit) =>
        resolve(unexplained(limit === 'timeout' ? 'timeout' : 'transport')),
      );
      shared.then((state) => resolve(decideZeroBalance(fault, state)), reject).finally(stopWatch);
    });
  };
}

/** How to reach the service. */
export interface CaptchaAiOptions {
  /** Such as `https://ocr.captchaai.com`; a path is kept. */
  readonly baseUrl: string;
  readonly key: string;
  /** The longest that one request may take, from asking for a connection to the last byte, in ms. */
  readonly timeoutMs: number;
  /** How many connections may be open at once; further requests wait for one. */
  readonly connections: number;
  /** Where the key came from, for messages about it, such as `the key in CAPTCHAAI_API_KEY`; left out if unknown. */
  readonly keySource?: string;
  /** Overrides of the kinds of error codes. */
  readonly errorKinds: Readonly<Record<string, FaultKind>>;
  /** Where the proxy variables are looked up. */
  readonly env: NodeJS.ProcessEnv;
  /** Wall clock, in ms since the epoch: for `Retry-After` dates. */
  readonly nowMs: () => number;
}

export interface CaptchaAi extends SolverApi, AccountApi {
  /** How many HTTP requests were put on the wire, questions about the account included. */
  requestCount(): number;
  /** Ends every open request and connection. */
  close(): Promise<void>;
}

/** The account's questions are asked by a person or once for many: only the adapter's own timeout limits them. */
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
 * CaptchaAI and services that speak its protocol. Every request is a POST with the key in its body, sent at most once;
 * no redirect is followed. An image for the method `post` is sent as text, as `base64`. Throws `UsageError` for a base
 * URL or proxy variable that is malformed; the methods throw `ProviderFault` and nothing else.
 */
export function createCaptchaAi(options: CaptchaAiOptions): CaptchaAi {
  const baseUrl = parseBaseUrl(options.baseUrl);
  const session = new ApiConnection({ ...options, baseUrl, proxy: proxyFor(baseUrl, options.env) });
  const account = accountApi(session);
  // A kind that the person chose for the code leaves nothing to explain.
  const explain = Object.hasOwn(options.errorKinds, zeroBalanceCode) ? null : confirmZeroBalance(account);
  return {
    ...solverApi(session, explain),
    ...account,
    requestCount: () => session.requestCount,
    close: () => session.close(),
  };
}
