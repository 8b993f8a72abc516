import { describeFault, type Fault, type FaultKind, ProviderFault } from '../../domain/fault.ts';
import { type Answer, htmlPage, readAnswer } from '../../protocol/answer.ts';
import { faultOfCode, isKnownCode } from '../../protocol/error-codes.ts';
import type { RequestCall } from '../../ports/api.ts';
import type { HttpCall } from '../http/http-call.ts';
import type { Success } from './responses.ts';

/** RFC 9110 10.2.3 allows digits only; some servers send decimals. */
const deltaSeconds = /^\d+(\.\d+)?$/;
/** All three HTTP date formats start with the name of the day; `Date.parse` alone accepts far too much. */
const httpDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /;

/** A longer wait is a mistake of the server, such as a time since the epoch. */
const absurdMs = 366 * 24 * 3_600_000;

/**
 * The wait that a `Retry-After` header asks for, in ms. Null for an unreadable header, a time in the past or a wait of
 * more than a year. `timestamp` is the wall clock in ms since the epoch.
 */
export function retryAfterMs(header: string | null, timestamp: number): number | null {
  const waitMs = writtenWaitMs((header ?? '').trim(), timestamp);
  return waitMs !== null && waitMs >= 0 && waitMs <= absurdMs ? waitMs : null;
}

function writtenWaitMs(text: string, timestamp: number): number | null {
  if (deltaSeconds.test(text)) return Math.ceil(Number(text) * 1_000);
  if (!httpDate.test(text)) return null;
  // asctime, the oldest format, has no zone and means UTC.
  return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) - timestamp;
}

/** How long a `Retry-After` may keep requests back. */
export interface RetryAfterLimit {
  /** A longer wait is cut to this, in ms. */
  readonly maxMs: number;
  /** Called with every wait that is cut, in ms. */
  readonly onCut: (askedMs: number) => void;
}

/** The limit of a client that was given none. */
export const usualRetryAfter: RetryAfterLimit = { maxMs: 60_000, onCut: () => undefined };

/** The wait that an answer asks for, within the limit, in ms; null for none. */
function askedWaitMs(reply: Reply, { timestamp, retryAfter }: Reader): number | null {
  const askedMs = retryAfterMs(reply.retryAfter, timestamp);
  if (askedMs === null || askedMs <= retryAfter.maxMs) return askedMs;
  retryAfter.onCut(askedMs);
  return retryAfter.maxMs;
}

/** The kind of request. `submit` and `solve`, which waits for the solution, are paid for. */
export type Call = RequestCall;

const isPaid = (call: Call): boolean => call === 'submit' || call === 'solve';

/** Thrown if a service does not have `/solve.php`: nothing was submitted. */
export class NoSolveEndpointFault extends ProviderFault {}

const absentStatuses: readonly number[] = [404, 405, 501];
const absentCodes: readonly string[] = ['ERROR_METHOD_CALL', 'ERROR_NO_SUCH_METHOD', 'ERROR_EMPTY_ACTION'];

/** True if the answer to a `solve` says that the endpoint does not exist. */
export function saysAbsent(httpCall: HttpCall, { code }: Fault): boolean {
  if (code !== null) return absentCodes.includes(code);
  return httpCall.type === 'reply' && absentStatuses.includes(httpCall.status);
}

/** The context of a request, needed to read its answer. */
export interface Reader {
  readonly call: Call;
  /** The service's host, for messages. */
  readonly host: string;
  readonly errorKinds: Readonly<Record<string, FaultKind>>;
  /** Where the API key came from, for messages about it; left out if unknown. */
  readonly keySource?: string;
  readonly retryAfter: RetryAfterLimit;
  /** Makes server text safe to show. */
  readonly clean: (text: string) => string;
  /** Wall clock in ms since the epoch. */
  readonly timestamp: number;
  /** True if the service has answered in its own protocol before, so the base URL is right. */
  readonly isFound: boolean;
}

/** A successful answer, or a fault. */
export type Reading = Success | { readonly type: 'fault'; readonly fault: Fault };

type Coded = Extract<Answer, { type: 'code' }>;
type Reply = Extract<HttpCall, { type: 'reply' }>;
type Broken = Extract<HttpCall, { type: 'broken' }>;

const asFault = (fault: Fault): Reading => ({ type: 'fault', fault });

/**
 * The fault of a successful HTTP answer without usable content; `why` names the content or what it lacks. A submission
 * with such an answer may have been accepted, and its solution cannot be collected.
 */
export function unusableAnswer({ call, host }: Pick<Reader, 'call' | 'host'>, why: string): Fault {
  return describeFault({ kind: 'transport', message: `${host} answered with ${why}.`, answerLost: isPaid(call) });
}

/** The fault of an answer that says solved and holds nothing: waiting does not fill it. */
export function emptySolution(host: string): Fault {
  return describeFault({ kind: 'unsolvable', message: `${host} answered with an empty solution.` });
}

/** A host that has answered exists: that its name is unknown now is a failure of the name service. */
function brokenFault({ kind, why, maybeSent, lasting }: Broken, { call, host, isFound }: Reader): Fault {
  const said = maybeSent ? `No answer from ${host}: ${why}.` : `The request to ${host} failed: ${why}.`;
  const sent = { answerLost: isPaid(call) && maybeSent, neverSent: !maybeSent };
  if (lasting === undefined || (lasting.isUnknownHost && isFound))
    return describeFault({ kind, message: said, ...sent });
  return describeFault({ kind: lasting.kind, message: `${said} ${lasting.fix}`, ...sent });
}

/** The title of an HTML page, or its first heading; the rest is not useful to people. */
function pageQuote(html: string): string {
  const [, title = ''] = /<title[^>]*>\s*([^<]*[^<\s])/i.exec(html) ?? /<h1[^>]*>\s*([^<]*[^<\s])/i.exec(html) ?? [];
  return title === '' ? ' with an HTML page' : ` with an HTML page: ${title}`;
}

/**
 * The part of an error page or text to quote. Content of a successful answer, such as broken JSON, is never quoted: it
 * may hold a solution, which must not get into a log.
 */
function quoteOf(reply: Reply, answer: Answer, { clean }: Reader): string {
  if (reply.unreadable !== null) return ` with ${reply.unreadable}`;
  const text = clean(reply.body);
  if (text.startsWith('<')) return pageQuote(text);
  const mayHoldSolution = answer.type !== 'unreadable' || text.startsWith('{') || isSuccess(reply.status);
  return mayHoldSolution || text === '' ? '' : `: ${text}`;
}

function redirectTarget({ location }: Reply, { clean }: Reader): string {
  return location !== null && URL.canParse(location) ? clean(new URL(location).origin) : 'elsewhere';
}

function messageOfStatus(reply: Reply, answer: Answer, reader: Reader): string {
  const { host } = reader;
  const said = `${host} answered HTTP ${reply.status}`;
  if (reply.status === 429) return `${said}: too many requests.`;
  const cloudflare = cloudflareErrors[reply.status];
  if (cloudflare !== undefined) return `${said}: Cloudflare, in front of the service, reports that ${cloudflare}.`;
  if (reply.status >= 300 && reply.status < 400) {
    return `${said}, a redirect to ${redirectTarget(reply, reader)}. Redirects are not followed. Check api.baseUrl.`;
  }
  const hint = kindOfStatus(reply, reader) === 'config' ? ` ${baseUrlHint(reply)}` : '';
  return `${said}${quoteOf(reply, answer, reader)}${hint}`;
}

/** Cloudflare's own statuses: https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors */
const cloudflareErrors: Readonly<Record<number, string>> = {
  520: 'the service sent an answer that is not HTTP',
  521: 'the service refused the connection',
  522: 'the connection to the service timed out',
  523: 'the service is unreachable',
  524: 'the service did not answer in time',
  525: 'the TLS handshake with the service failed',
  526: "the service's certificate is invalid",
  527: 'the connection to the service was interrupted',
};

/** With these statuses, a gateway says that the request did not reach the service. */
const notReached: readonly number[] = [503, 521, 523, 525, 526];

/** Temporary statuses: the same request may be sent again later. */
const passing: readonly number[] = [408, 425];
const refusalStatuses: readonly number[] = [401, 403, 407];

/**
 * A redirect or refusal without the service's protocol comes from something else, such as a proxy. If the service
 * answered before, this is temporary gateway trouble; otherwise the base URL is wrong.
 */
function kindOfStatus({ status }: Reply, { isFound }: Reader): FaultKind {
  if (status === 429) return 'throttled';
  const isRefusal = status >= 300 && status < 500 && !passing.includes(status);
  return isRefusal && !isFound ? 'config' : 'transport';
}

function baseUrlHint({ status }: Reply): string {
  return refusalStatuses.includes(status)
    ? '(check api.baseUrl and the access rules for this machine)'
    : '(check api.baseUrl)';
}

/**
 * A gateway's 5xx does not tell whether the service did any work. Only those of `notReached` refuse before any work, like
 * 429 and all other 4xx.
 */
function statusFault(reply: Reply, answer: Answer, reader: Reader): Fault {
  return describeFault({
    kind: kindOfStatus(reply, reader),
    message: messageOfStatus(reply, answer, reader),
    retryAfterMs: askedWaitMs(reply, reader),
    answerLost: isPaid(reader.call) && reply.status >= 500 && !notReached.includes(reply.status),
  });
}

function codeFault({ code, text }: Coded, reply: Reply, reader: Reader): Fault {
  // A known code is no secret, even if it contains the key as a word; an unknown code may be any text.
  const shown = isKnownCode(code, reader.errorKinds) ? code : reader.clean(code);
  const found = faultOfCode(shown, reader.call === 'poll' ? 'poll' : 'submit', reader.errorKinds);
  const { keySource = 'the API key' } = reader;
  const message = found.message.replace('Check the API key.', () => `Check ${keySource}.`);
  const said = text === undefined ? '' : reader.clean(text);
  const fault = { ...found, message: said === '' ? message : `${message} The service says: ${said}` };
  const askedMs = askedWaitMs(reply, reader);
  return askedMs === null ? fault : { ...fault, retryAfterMs: Math.max(askedMs, fault.retryAfterMs ?? 0) };
}

/** A service with another protocol accepted nothing: it does not know `in.php`. */
function otherProtocolFault(text: string, { host, clean }: Reader): Fault {
  const said = text === '' ? '' : ` (${clean(text)})`;
  const message = `${host} speaks another protocol (createTask)${said}, not that of in.php and res.php. Check api.baseUrl.`;
  return describeFault({ kind: 'config', message });
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** Classifies the result of a request. A known code counts with any HTTP status; other vendors send codes with 4xx. */
export function readResponse(httpCall: HttpCall, reader: Reader): Reading {
  if (httpCall.type === 'broken') return asFault(brokenFault(httpCall, reader));
  const answer = readAnswer(httpCall.body);
  const accepted = isSuccess(httpCall.status);
  if (accepted && httpCall.unreadable !== null) return asFault(unusableAnswer(reader, httpCall.unreadable));
  if (answer.type === 'not-ready' && reader.call === 'poll' && httpCall.status !== 429) return answer;
  if (answer.type === 'code' && (accepted || isKnownCode(answer.code, reader.errorKinds))) {
    return asFault(codeFault(answer, httpCall, reader));
  }
  if (answer.type === 'other-protocol') return asFault(otherProtocolFault(answer.text, reader));
  if (!accepted || answer.type === 'code') return asFault(statusFault(httpCall, answer, reader));
  if (answer.type === 'unreadable') {
    const quote = quoteOf(httpCall, answer, reader).replace(/^ with an HTML page/, '');
    const isPage = answer.why === htmlPage && !reader.isFound;
    const guess = isPage ? ' (a captive portal, a proxy, or a wrong api.baseUrl?)' : '';
    return asFault(unusableAnswer(reader, `${answer.why}${quote}${guess}`));
  }
  return answer;
}
