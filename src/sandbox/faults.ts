import { STATUS_CODES } from 'node:http';
import type { Endpoint } from '../protocol/error-codes.ts';
import { htmlPage, type HttpAnswer } from './http-answer.ts';
import {
  type FaultMode,
  type Packing,
  readFaultMode,
  type SandboxSettings,
  type ScriptedFault,
  type FaultInjection,
} from './options.ts';

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

const fits = (mode: FaultMode, endpoint: Endpoint): boolean => mode.endpoint === null || mode.endpoint === endpoint;

/** Selects the faulted requests: first by the script, then by outages, then at random. */
export class Faults {
  readonly #random: () => number;
  readonly #shares: readonly { mode: FaultMode; share: number }[];
  readonly #outages: readonly { mode: FaultMode; fromMs: number; toMs: number }[];
  readonly #script: Scripted[] = [];

  constructor(settings: Pick<SandboxSettings, 'faults' | 'outages' | 'random'>) {
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
    return mode === null ? null : { injection: mode.injection, retryAfter: null };
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

function statusAnswer(status: number, retryAfter: string | null): HttpAnswer {
  const title = `${status} ${STATUS_CODES[status] ?? 'Fault'}`;
  const headers = retryAfter === null ? html : { ...html, 'Retry-After': retryAfter };
  return { type: 'body', status, headers, body: htmlPage(title) };
}

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
      return { type: 'body', status: 200, headers: html, body: htmlPage('Service temporarily unavailable') };
    case 'empty':
      return { type: 'body', status: 200, headers: html, body: '' };
    case 'hang':
    case 'reset':
      return { type: injection.type };
    case 'truncated':
    case 'reset-after':
    case 'plain':
    case 'gzip':
    case 'deflate':
    case 'br':
      return null;
  }
}

function packed(body: string, packing: Packing): Uint8Array {
  // Loaded on demand, to keep the start of a sandbox fast.
  const { brotliCompressSync, deflateSync, gzipSync } = process.getBuiltinModule('node:zlib');
  return { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync }[packing](body);
}

/** The correct answer, compressed if the fault asks for it. */
export function packedAnswer(injection: FaultInjection | null, answer: TextAnswer): HttpAnswer {
  if (injection?.type !== 'gzip' && injection?.type !== 'deflate' && injection?.type !== 'br') return answer;
  const headers = { ...answer.headers, 'Content-Encoding': injection.type };
  return { ...answer, headers, body: packed(answer.body, injection.type) };
}

/** The corrupted answer to a served request; null if the answer is sent unchanged. */
export function corruptResponse(injection: FaultInjection, answer: TextAnswer): HttpAnswer | null {
  if (injection.type === 'reset-after') return { type: 'reset' };
  if (injection.type !== 'truncated') return null;
  return { ...answer, body: answer.body.slice(0, Math.floor(answer.body.length / 2)) };
}
