import { UsageError } from '../../domain/errors.ts';
import { describeFault, type Fault, type FaultKind, ProviderFault, valueOrNull } from '../../domain/fault.ts';
import type { AccountApi, CallLimits, RequestCounts, SolvedAtOnce, SolverApi, Threads } from '../../ports/api.ts';
import type { SolveEndpoint } from '../../ports/state.ts';
import { isTextImage, wireParameters } from '../../protocol/wire.ts';
import { proxyFor } from '../http/proxy.ts';
import { ApiConnection, type RenewKey, watchLimits } from './api-connection.ts';
import { NoSolveEndpointFault, type RetryAfterLimit } from './read-response.ts';
import {
  parseBalance,
  parseSubmitResponse,
  parsePollResponse,
  parseReportResponse,
  parseSolveResponse,
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
  return describeFault({
    kind: 'throttled',
    code: zeroBalanceCode,
    message: `${zeroBalanceCode}: ${evidence} Lower the concurrency or buy threads.`,
    retryAfterMs: fault.retryAfterMs,
    threadsFull: true,
  });
}

type Account = Pick<AccountApi, 'threads' | 'balance'>;

async function getAccountState(account: Account): Promise<AccountState> {
  const threads = await valueOrNull(() => account.threads());
  return { threads, balance: threads === null ? await valueOrNull(() => account.balance()) : null };
}

/** A task that was not seen in work for this long no longer counts as such. */
const inWorkMs = 120_000;

/** Whether the service works on tasks of this process, as far as its answers tell. */
class OwnTasks {
  readonly #nowMs: () => number;
  /** The ids by the time they were last seen, the oldest first. */
  readonly #seenAtMs = new Map<string, number>();
  #waitingCount = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  see(captchaId: string): void {
    this.#seenAtMs.delete(captchaId);
    this.#seenAtMs.set(captchaId, this.#nowMs());
    this.#forgetOld();
  }

  end(captchaId: string): void {
    this.#seenAtMs.delete(captchaId);
  }

  /** Counts a request as a task until it ends: the service may hold it back until the task is solved. */
  async during<T>(answer: Promise<T>): Promise<T> {
    this.#waitingCount += 1;
    try {
      return await answer;
    } finally {
      this.#waitingCount -= 1;
    }
  }

  get isAny(): boolean {
    this.#forgetOld();
    return this.#waitingCount > 0 || this.#seenAtMs.size > 0;
  }

  /** Tasks that are given up are never ended: a worker that runs for weeks must not keep them. */
  #forgetOld(): void {
    const sinceMs = this.#nowMs() - inWorkMs;
    for (const [captchaId, seenAtMs] of this.#seenAtMs) {
      if (seenAtMs > sinceMs) return;
      this.#seenAtMs.delete(captchaId);
    }
  }
}

/** Answers to submissions that were in flight together are one: a repeated answer comes at least this much later. */
const repeatsAfterMs = 5_000;

/** Detects that the service repeats "all threads busy" although no task of this process is in work. */
class RepeatedRefusal {
  readonly #ownTasks: OwnTasks;
  readonly #nowMs: () => number;
  #firstAtMs: number | null = null;

  constructor(ownTasks: OwnTasks, nowMs: () => number) {
    this.#ownTasks = ownTasks;
    this.#nowMs = nowMs;
  }

  /** Records such an answer, for which the balance is the only evidence. True if it is a repeated one. */
  record({ retryAfterMs }: Fault): boolean {
    if (this.#ownTasks.isAny) this.#firstAtMs = null;
    else this.#firstAtMs ??= this.#nowMs();
    return this.#firstAtMs !== null && this.#nowMs() - this.#firstAtMs >= Math.max(retryAfterMs ?? 0, repeatsAfterMs);
  }

  forget(): void {
    this.#firstAtMs = null;
  }
}

/** The fault for a caller that cannot wait for the account's state. It must not stop the run. */
const unexplained = (kind: 'timeout' | 'transport'): Fault =>
  describeFault({
    kind,
    code: zeroBalanceCode,
    message: `${zeroBalanceCode}: no balance or no free thread (no time left to check which).`,
  });

/** How long the code keeps the meaning "all threads busy" after an account request confirmed it. */
const busyThreadsHoldMs = 30_000;

/**
 * Explains `ERROR_ZERO_BALANCE` by requesting the account's state. Submissions that get this code at the same time, or
 * soon after it meant busy threads, share one request; each keeps its own limits.
 */
function confirmZeroBalance(
  account: Account,
  repeated: RepeatedRefusal,
  nowMs: () => number,
): (fault: Fault, limits: CallLimits) => Promise<Fault> {
  const decide = (fault: Fault, state: AccountState): Fault => {
    const decided = decideZeroBalance(fault, state);
    if (!decided.threadsFull || state.threads !== null || !repeated.record(decided)) return decided;
    const why = 'The service repeats it although no task of this process is in work.';
    return { ...fault, message: `${fault.message} ${why}` };
  };
  let known: { readonly state: Promise<AccountState>; answer: AccountState | null; untilMs: number } | null = null;

  const askAgain = () => {
    const asked = { state: getAccountState(account), answer: null as AccountState | null, untilMs: Infinity };
    const keep = (state: AccountState): void => {
      asked.answer = state;
      asked.untilMs = throttledReason(state) === null ? 0 : nowMs() + busyThreadsHoldMs;
    };
    asked.state.then(keep, () => (asked.untilMs = 0));
    return asked;
  };
  return (fault, limits) => {
    if (known === null || nowMs() >= known.untilMs) known = askAgain();
    // What is known needs no time.
    if (known.answer !== null) return Promise.resolve(decide(fault, known.answer));
    const shared = known.state;
    return new Promise((resolve, reject) => {
      const stopWatch = watchLimits(limits, (limit) =>
        resolve(unexplained(limit === 'timeout' ? 'timeout' : 'transport')),
      );
      shared.then((state) => resolve(decide(fault, state)), reject).finally(stopWatch);
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
  /** Called if the service refuses the key; left out, there is no other. */
  readonly renewKey?: RenewKey;
  /** Overrides for the kinds of error codes. */
  readonly errorKinds: Readonly<Record<string, FaultKind>>;
  /** Whether images are sent to `/solve.php`; null or left out, they never are. */
  readonly solveEndpoint?: SolveEndpoint | null;
  /** The longest wait that an answer may ask for; left out, 60 s. */
  readonly retryAfter?: RetryAfterLimit;
  /** The environment with the proxy variables. */
  readonly env: NodeJS.ProcessEnv;
  /** Wall clock in ms since the epoch, for `Retry-After` dates. */
  readonly nowMs: () => number;
  /** Monotonic clock in ms, for durations; default: `performance.now`. */
  readonly monotonicMs?: () => number;
}

export interface CaptchaAi extends SolverApi, AccountApi {
  /** Number of HTTP requests put on the wire, account requests included. */
  requestCount(): number;
  /** The same requests, by call and outcome. */
  requestCounts(): RequestCounts;
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

type Form = ReturnType<typeof wireParameters>;

/** Sends an image to `/solve.php`. Null if the service does not have that: nothing was submitted then. */
async function solveAtOnce(
  session: ApiConnection,
  endpoint: SolveEndpoint,
  { form, limits }: { form: Form; limits: CallLimits },
): Promise<string | SolvedAtOnce | null> {
  try {
    const answer = await session.request({ call: 'solve', form, limits }, parseSolveResponse);
    endpoint.record(true);
    return answer;
  } catch (error) {
    if (!(error instanceof NoSolveEndpointFault)) throw error;
    endpoint.record(false);
    return null;
  }
}

interface SolverApiParts {
  readonly explain: ReturnType<typeof confirmZeroBalance> | null;
  readonly endpoint: SolveEndpoint | null;
  readonly ownTasks: OwnTasks;
  readonly repeated: RepeatedRefusal;
}

function solverApi(session: ApiConnection, { explain, endpoint, ownTasks, repeated }: SolverApiParts): SolverApi {
  const submitForm = async (form: Form, limits: CallLimits): Promise<string | SolvedAtOnce> => {
    const startedAtMs = performance.now();
    const isAtOnce = endpoint !== null && isTextImage(form) && endpoint.isKnown();
    const answer = isAtOnce ? await ownTasks.during(solveAtOnce(session, endpoint, { form, limits })) : null;
    if (answer !== null) return answer;
    const timeLeftMs = limits.timeLeftMs - (isAtOnce ? performance.now() - startedAtMs : 0);
    return session.request({ call: 'submit', form, limits: { ...limits, timeLeftMs } }, parseSubmitResponse);
  };
  return {
    submit(task, limits) {
      const startedAtMs = performance.now();
      const accepted = submitForm(wireParameters(task), limits).then((answer) => {
        repeated.forget();
        if (typeof answer === 'string') ownTasks.see(answer);
        return answer;
      });
      return accepted.catch(async (error: unknown) => {
        if (explain === null || !(error instanceof ProviderFault) || error.fault.code !== zeroBalanceCode) throw error;
        const timeLeftMs = limits.timeLeftMs - (performance.now() - startedAtMs);
        throw new ProviderFault(await explain(error.fault, { ...limits, timeLeftMs }));
      });
    },
    async poll(captchaId, limits) {
      // Until the answer says that the task is still in work.
      ownTasks.end(captchaId);
      const form = { action: 'get', id: captchaId };
      const answer = await ownTasks.during(session.request({ call: 'poll', form, limits }, parsePollResponse));
      if (!answer.ready) ownTasks.see(captchaId);
      return answer;
    },
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
  const { monotonicMs = () => performance.now() } = options;
  const ownTasks = new OwnTasks(monotonicMs);
  const repeated = new RepeatedRefusal(ownTasks, monotonicMs);
  const isOverridden = Object.hasOwn(options.errorKinds, zeroBalanceCode);
  const explain = isOverridden ? null : confirmZeroBalance(account, repeated, monotonicMs);
  return {
    ...solverApi(session, { explain, endpoint: options.solveEndpoint ?? null, ownTasks, repeated }),
    ...account,
    requestCount: () => session.requestCount,
    requestCounts: () => session.requestCounts,
    close: () => session.close(),
  };
}
