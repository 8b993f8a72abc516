import { ProviderFault, type FaultKind } from '../../domain/fault.ts';
import { UsageError } from '../../domain/usage-error.ts';
import type { AccountApi } from '../../ports/account-api.ts';
import type { CallLimits, ManyPolls, SolverApi } from '../../ports/solver-api.ts';
import { wireParameters } from '../../protocol/wire.ts';
import { pickManyAnswers } from './pick-many.ts';
import { pickBalance, pickCaptchaId, pickPollAnswer, pickReceipt, pickThreads } from './picked.ts';
import { proxyFor } from './proxy.ts';
import { Session } from './session.ts';
import { zeroBalanceQuestion } from './zero-balance-question.ts';
import { zeroBalanceCode } from './zero-balance.ts';

/** How to reach the service. */
export interface CaptchaAiOptions {
  /** Such as `https://ocr.captchaai.com`; a path is kept. */
  readonly baseUrl: string;
  readonly key: string;
  /** The longest that one request may take, from asking for a connection to the last byte, in ms. */
  readonly timeoutMs: number;
  /** How many connections may be open at once; further requests wait for one. */
  readonly connections: number;
  /** Overrides of the kinds of error codes. */
  readonly errorKinds: Readonly<Record<string, FaultKind>>;
  /** Where the proxy variables are looked up. */
  readonly env: NodeJS.ProcessEnv;
  /** Wall clock, in ms since the epoch: for `Retry-After` dates. */
  readonly nowMs: () => number;
}

export interface CaptchaAi extends SolverApi, ManyPolls, AccountApi {
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

function accountApi(session: Session): AccountApi {
  const about = (action: string, more: Readonly<Record<string, string>> = {}) =>
    ({ call: 'account', form: { ...more, action }, limits: unlimited }) as const;
  return {
    balance: () => session.ask(about('getbalance'), pickBalance),
    threads: () => session.ask(about('threadsinfo'), pickThreads),
    async report(captchaId, verdict) {
      await session.ask(about(`report${verdict}`, { id: captchaId }), pickReceipt);
    },
  };
}

function solverApi(session: Session, explain: ReturnType<typeof zeroBalanceQuestion> | null): SolverApi & ManyPolls {
  return {
    submit(task, limits) {
      const startedAtMs = performance.now();
      const asked = session.ask({ call: 'submit', form: wireParameters(task), limits }, pickCaptchaId);
      return asked.catch(async (error: unknown) => {
        if (explain === null || !(error instanceof ProviderFault) || error.fault.code !== zeroBalanceCode) throw error;
        const timeLeftMs = limits.timeLeftMs - (performance.now() - startedAtMs);
        throw new ProviderFault(await explain(error.fault, { ...limits, timeLeftMs }));
      });
    },
    poll: (captchaId, limits) =>
      session.ask({ call: 'poll', form: { action: 'get', id: captchaId }, limits }, pickPollAnswer),
    pollMany: (captchaIds, limits) =>
      session.ask({ call: 'poll', form: { action: 'get', ids: captchaIds.join(',') }, limits }, (answer) =>
        pickManyAnswers(answer, captchaIds.length),
      ),
  };
}

/**
 * CaptchaAI and services that speak its protocol. Every request is a POST with the key in its body, sent at most once;
 * no redirect is followed. An image for the method `post` is sent as text, as `base64`. Throws `UsageError` for a base
 * URL or proxy variable that is malformed; the methods throw `ProviderFault` and nothing else.
 */
export function createCaptchaAi(options: CaptchaAiOptions): CaptchaAi {
  const baseUrl = parseBaseUrl(options.baseUrl);
  const session = new Session({ ...options, baseUrl, proxy: proxyFor(baseUrl, options.env) });
  const account = accountApi(session);
  // A kind that the person chose for the code leaves nothing to explain.
  const explain = Object.hasOwn(options.errorKinds, zeroBalanceCode) ? null : zeroBalanceQuestion(account);
  return {
    ...solverApi(session, explain),
    ...account,
    requestCount: () => session.requestCount,
    close: () => session.close(),
  };
}
