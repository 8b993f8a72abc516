import { STATUS_CODES } from 'node:http';
import { parseJson } from '../protocol/answer.ts';
import type { Endpoint } from '../protocol/error-codes.ts';
import { type FaultInjection, type FaultMode, type Packing, readFaultMode } from './fault-modes.ts';
import { htmlPage, type HttpAnswer, jsonBody, type Reply } from './http-answer.ts';
import type { SandboxSettings, ScriptedFault } from './options.ts';

/** The fault of one request. */
interface Struck {
  readonly injection: FaultInjection;
  readonly retryAfter: string | null;
}

interface Scripted {
  readonly mode: FaultMode;
  readonly retryAfter: string | null;
  passLeft: number;
  injectionsLeft: number;
}

/** HTTP statuses that come with a `Retry-After`. */
const waitStatuses: readonly number[] = [429, 503];

const fits = (mode: FaultMode, endpoint: Endpoint): boolean => mode.endpoint === null || mode.endpoint === endpoint;

/** Selects the faulted requests: first by the script, then by outages, then at random. */
export class Faults {
  readonly #random: () => number;
  readonly #shares: readonly { mode: FaultMode; share: number }[];
  readonly #outages: readonly { mode: FaultMode; fromMs: number; toMs: number }[];
  readonly #script: Scripted[] = [];
  readonly #retryAfter: string | null;

  constructor(settings: Pick<SandboxSettings, 'faults' | 'outages' | 'random' | 'retryAfter'>) {
    this.#retryAfter = settings.retryAfter;
    this.#random = settings.random;
    this.#shares = settings.faults.map((fault) => ({ ...fault, mode: readFaultMode(fault.mode) }));
    this.#outages = settings.outages.map((outage) => ({ ...outage, mode: readFaultMode(outage.mode) }));
  }

  script({ mode, endpoint, times = 1, afterRequests = 0, retryAfter }: ScriptedFault): void {
    const read = readFaultMode(mode);
    this.#script.push({
      mode: { ...read, endpoint: endpoint ?? read.endpoint },
      retryAfter: retryAfter ?? null,
      passLeft: afterRequests,
      injectionsLeft: times,
    });
  }

  /** True if an outage affects this endpoint, `elapsedMs` after the start. */
  isOutage(endpoint: Endpoint, elapsedMs: number): boolean {
    return this.#outageAt(endpoint, elapsedMs) !== undefined;
  }

  /** The fault for the next request, or null. Consumes a scripted fault. */
  next(endpoint: Endpoint, elapsedMs: number): Struck | null {
    const scripted = this.#nextScripted(endpoint);
    if (scripted !== null) return scripted;
    const mode = this.#outageAt(endpoint, elapsedMs)?.mode ?? this.#drawn(endpoint);
    if (mode === null) return null;
    const { injection } = mode;
    const isWait = injection.type === 'status' && waitStatuses.includes(injection.status);
    return { injection, retryAfter: isWait ? this.#retryAfter : null };
  }

  #nextScripted(endpoint: Endpoint): Struck | null {
    const index = this.#script.findIndex(({ mode, injectionsLeft }) => injectionsLeft > 0 && fits(mode, endpoint));
    const next = this.#script[index];
    if (next === undefined) return null;
    if (next.passLeft > 0) {
      next.passLeft -= 1;
      return null;
    }
    next.injectionsLeft -= 1;
    if (next.injectionsLeft <= 0) this.#script.splice(index, 1);
    return { injection: next.mode.injection, retryAfter: next.retryAfter };
  }

  #outageAt(endpoint: Endpoint, elapsedMs: number): { mode: FaultMode } | undefined {
    return this.#outages.find(
      ({ mode, fromMs, toMs }) => fits(mode, endpoint) && elapsedMs >= fromMs && elapsedMs < toMs,
    );
  }

  /** One draw for all shares, so that shares of 0.1 and 0.2 affect 0.3 of the requests. */
  #drawn(endpoint: Endpoint): FaultMode | null {
    if (this.#shares.length === 0) return null;
    let left = this.#random();
    for (const { mode, share } of this.#shares.filter((entry) => fits(entry.mode, endpoint))) {
      left -= share;
      if (left < 0) return mode;
    }
    return null;
  }
}

type TextAnswer = Extract<HttpAnswer, { type: 'body' }> & { readonly body: string };

const html = { 'Content-Type': 'text/html' };

/** The titles of Cloudflare's error pages, which stand in front of the service's address. */
const cloudflareTitles: Readonly<Record<number, string>> = {
  520: 'Web server is returning an unknown error',
  521: 'Web server is down',
  522: 'Connection timed out',
  523: 'Origin is unreachable',
  524: 'A timeout occurred',
  525: 'SSL handshake failed',
  526: 'Invalid SSL certificate',
  527: 'Railgun error',
};

function titleOf(status: number): string {
  const cloudflare = cloudflareTitles[status];
  return cloudflare === undefined
    ? `${status} ${STATUS_CODES[status] ?? 'Fault'}`
    : `sandbox | ${status}: ${cloudflare}`;
}

function statusAnswer(status: number, retryAfter: string | null): HttpAnswer {
  const headers = retryAfter === null ? html : { ...html, 'Retry-After': retryAfter };
  return { type: 'body', status, headers, body: htmlPage(titleOf(status)) };
}

const page = (body: string): HttpAnswer => ({ type: 'body', status: 200, headers: html, body });

/** The answer of a service that knows only `createTask`. */
const createTaskError = {
  errorId: 1,
  errorCode: 'ERROR_KEY_DOES_NOT_EXIST',
  errorDescription: 'Account authorization key not found in the system',
};

/** The answer of a fault that replaces serving the request; null if the request is served. */
export function answerInstead(
  { injection, retryAfter }: Struck,
  codeAnswer: (code: string) => HttpAnswer,
): HttpAnswer | null {
  switch (injection.type) {
    case 'status':
      return statusAnswer(injection.status, retryAfter);
    case 'code':
      return codeAnswer(injection.code);
    case 'html':
      return page(htmlPage('Service temporarily unavailable'));
    case 'captive-portal':
      return page(htmlPage('Guest Wi-Fi: sign in'));
    case 'create-task':
      return jsonBody(200, createTaskError);
    case 'empty':
      return page('');
    case 'hang':
    case 'reset':
      return { type: injection.type };
    case 'truncated':
    case 'reset-after':
    case 'empty-solution':
    case 'plain':
    case 'windows-1251':
    case 'gzip':
    case 'deflate':
    case 'br':
      return null;
  }
}

function emptied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(emptied);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, emptied(part)]));
  }
  if (typeof value !== 'string') return value;
  const parsed = /^[[{]/.test(value) ? parseJson(value) : undefined;
  return parsed === undefined ? '' : JSON.stringify(emptied(parsed));
}

/** A solution without its content, if the fault asks for it; other replies are unchanged. */
export function withoutContent(injection: FaultInjection | null, reply: Reply): Reply {
  if (injection?.type !== 'empty-solution' || reply.collects.length === 0) return reply;
  return { json: emptied(reply.json) as Reply['json'], plain: 'OK|', collects: [] };
}

function packed(body: string, packing: Packing): Uint8Array {
  // Loaded on demand, to keep the start of a sandbox fast.
  const { brotliCompressSync, deflateSync, gzipSync } = process.getBuiltinModule('node:zlib');
  return { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync }[packing](body);
}

/** Other characters than ASCII and the Russian letters become `?`. */
function inWindows1251(text: string): Uint8Array {
  const byteOf = (code: number): number => {
    if (code < 0x80) return code;
    return code >= 0x410 && code <= 0x44f ? code - 0x350 : '?'.charCodeAt(0);
  };
  return Uint8Array.from({ length: text.length }, (_, index) => byteOf(text.charCodeAt(index)));
}

/** The correct answer, compressed or in another charset if the fault asks for it. */
export function packedAnswer(injection: FaultInjection | null, answer: TextAnswer): HttpAnswer {
  const type = injection?.type;
  if (type === 'gzip' || type === 'deflate' || type === 'br') {
    return { ...answer, headers: { ...answer.headers, 'Content-Encoding': type }, body: packed(answer.body, type) };
  }
  if (type !== 'windows-1251') return answer;
  const headers = { ...answer.headers, 'Content-Type': 'text/html; charset=windows-1251' };
  return { ...answer, headers, body: inWindows1251(answer.body) };
}

/** The corrupted answer to a served request; null if the answer is sent unchanged. */
export function corruptResponse(injection: FaultInjection, answer: TextAnswer): HttpAnswer | null {
  if (injection.type === 'reset-after') return { type: 'reset' };
  if (injection.type !== 'truncated') return null;
  return { ...answer, body: answer.body.slice(0, Math.floor(answer.body.length / 2)) };
}
