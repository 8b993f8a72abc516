import { performance } from 'node:perf_hooks';
import { parseDuration } from '../domain/duration.ts';
import { UsageError } from '../domain/errors.ts';
import { readAnswer } from '../protocol/answer.ts';
import type { Endpoint } from '../protocol/error-codes.ts';
import { parseRegionOutage, type RegionOutage } from './region-outage.ts';

/** A task as the sandbox accepted it; `params` are the wire parameters without the key. */
export interface AcceptedTask {
  readonly method: string;
  readonly params: Readonly<Record<string, string>>;
}

/** Faults a random share of requests. `mode` as in `readFaultMode`. */
interface RandomFault {
  readonly mode: string | number;
  /** 0..1. The shares of several faults add up. */
  readonly share: number;
}

/** Faults every request in a time range, in ms since the start; `toMs` is excluded. */
interface Outage {
  readonly mode: string | number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Faults selected requests. Scripted faults are consumed in order, among those for the request's endpoint. */
export interface ScriptedFault {
  readonly mode: string | number;
  /** Both endpoints if absent and without a prefix in the mode. */
  readonly endpoint?: Endpoint;
  /** Number of faulted requests; default 1. */
  readonly times?: number;
  /** Requests that pass before the first faulted one, counted from when this fault is next; default 0. */
  readonly afterRequests?: number;
  /** The `Retry-After` header of an HTTP status fault. */
  readonly retryAfter?: string;
}

/** Options of the sandbox; the defaults are in `sandboxDefaults`. */
export interface SandboxOptions {
  /** 0 selects a free port. */
  readonly port?: number;
  /** Minimum and maximum solve time in ms; uniform in between. */
  readonly latencyMs?: readonly [min: number, max: number];
  readonly faults?: readonly RandomFault[];
  readonly outages?: readonly Outage[];
  /** How many tasks may be in work at once. */
  readonly threads?: number;
  readonly regions?: readonly string[];
  readonly regionOutages?: readonly RegionOutage[];
  /** The only valid key; null accepts every key. */
  readonly key?: string | null;
  /** JSON type of ids; null as in production: numbers for `userrecaptcha`, strings for the rest. */
  readonly idType?: 'number' | 'string' | null;
  /** The answer to a submission without a free thread: CaptchaAI's blog names one code, its reference the other. */
  readonly threadsFullCode?: 'ERROR_NO_SLOT_AVAILABLE' | 'ERROR_ZERO_BALANCE';
  /** Methods to reject although they are in the protocol's table. */
  readonly unsupportedMethods?: readonly string[];
  /** How a `get` for several ids is answered. */
  readonly manyIds?: ManyIds;
  /** False leaves out `/solve.php`. */
  readonly solvePhp?: boolean;
  /** Enforces the block rules that 2captcha documents. */
  readonly abuseRules?: boolean;
  /** The Content-Type of both endpoints; CaptchaAI sends JSON as HTML. */
  readonly contentType?: string;
  /** Retention time of a finished task, in ms. */
  readonly resultKeptMs?: number;
  /** In the account's currency; 0 refuses submissions. Solving costs nothing: threads are sold, not solves. */
  readonly balance?: number;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
  /** Monotonic, in ms from an arbitrary start. */
  readonly clock?: { nowMs(): number };
  /** The payload of a task's solution; null makes it unsolvable, undefined leaves it to the sandbox. */
  readonly answer?: (task: AcceptedTask) => string | null | undefined;
}

/** How a service answers several ids: in their order, without support for `ids`, or wrongly; see `answerMany`. */
export type ManyIds = 'answered' | 'unknown' | 'short' | 'sorted' | 'adorned';

export type SandboxSettings = Required<SandboxOptions>;

export const sandboxDefaults: SandboxSettings = {
  port: 0,
  latencyMs: [50, 150],
  faults: [],
  outages: [],
  threads: 100,
  regions: ['us-east-1', 'eu-west-1', 'ap-southeast-1'],
  regionOutages: [],
  key: null,
  idType: null,
  threadsFullCode: 'ERROR_NO_SLOT_AVAILABLE',
  unsupportedMethods: ['hcaptcha'],
  manyIds: 'answered',
  solvePhp: true,
  abuseRules: false,
  contentType: 'text/html; charset=UTF-8',
  resultKeptMs: 900_000,
  balance: 100,
  random: Math.random,
  clock: { nowMs: () => performance.now() },
  answer: () => undefined,
};

/** Compressed without being requested; the content is correct. */
const packings = ['gzip', 'deflate', 'br'] as const;
export type Packing = (typeof packings)[number];

const namedInjections = ['reset', 'hang', 'html', 'empty', 'truncated', 'reset-after', 'plain', ...packings] as const;

/**
 * The effect of a fault on one request. `truncated`, `reset-after`, `plain` and compressions change the answer to a
 * served request: a faulted submission was accepted. The other faults replace serving the request.
 */
export type FaultInjection =
  | { readonly type: 'status'; readonly status: number }
  | { readonly type: 'code'; readonly code: string }
  | { readonly type: (typeof namedInjections)[number] };

/** A parsed fault mode. */
export interface FaultMode {
  /** The only affected endpoint; null for both. */
  readonly endpoint: Endpoint | null;
  readonly injection: FaultInjection;
}

const writtenMode = /^(?:(submit|poll)\/)?(.+)$/;

/** The modes in one line, for messages. */
const faultModeHint = `A mode is an HTTP status (100 to 599), ${namedInjections.join(', ')}, or an error code such as ERROR_NO_SLOT_AVAILABLE, optionally prefixed with submit/ or poll/ to affect only that endpoint.`;

function isCode(text: string): boolean {
  const answer = readAnswer(text);
  return answer.type === 'not-ready' || (answer.type === 'code' && answer.code === text);
}

function createInjection(text: string): FaultInjection | null {
  if (/^[1-5]\d\d$/.test(text)) return { type: 'status', status: Number(text) };
  const type = namedInjections.find((name) => name === text);
  if (type !== undefined) return { type };
  return isCode(text) ? { type: 'code', code: text } : null;
}

/** Parses a mode such as `503`, `submit/reset` or `ERROR: 1005`. Throws `UsageError` for an invalid one. */
export function readFaultMode(mode: string | number): FaultMode {
  const [, endpoint, text = ''] = writtenMode.exec(String(mode)) ?? [];
  const injection = createInjection(text);
  if (injection === null) throw new UsageError(`"${mode}" is not a fault mode`, faultModeHint);
  return { endpoint: (endpoint as Endpoint | undefined) ?? null, injection };
}

/** The flags of `captcha sandbox`, as typed. */
export interface SandboxFlags {
  readonly fault?: readonly string[] | undefined;
  readonly outage?: readonly string[] | undefined;
  readonly latency?: string | undefined;
  readonly regions?: string | undefined;
  readonly regionOutage?: readonly string[] | undefined;
  readonly threads?: string | undefined;
  readonly port?: string | undefined;
  readonly key?: string | undefined;
  readonly withoutSolvePhp?: boolean | undefined;
}

const regionName = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

const wrong = (flag: string, what: string, example: string): UsageError =>
  new UsageError(`${flag}: ${what}`, `For example ${flag} ${example}`);

/** Splits at the last colon, because a mode may contain one (`ERROR: 1005`). */
function splitMode(text: string): [mode: string, rest: string] | null {
  const colon = text.lastIndexOf(':');
  return colon < 1 || colon === text.length - 1 ? null : [text.slice(0, colon), text.slice(colon + 1)];
}

function checkMode(flag: string, mode: string, example: string): void {
  try {
    readFaultMode(mode);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${flag}: ${error.message}`, `${error.hint ?? ''} For example ${flag} ${example}`);
  }
}

function durationIn(flag: string, text: string, example: string): number {
  const durationMs = parseDuration(text);
  if (durationMs !== null) return durationMs;
  const bare = /^\d+(\.\d+)?$/.test(text) ? `: did you mean ${text}s?` : '';
  throw wrong(flag, `"${text}" is not a duration${bare}`, example);
}

function rangeIn(flag: string, text: string, example: string): [fromMs: number, toMs: number] | null {
  const [from = '', to = '', ...more] = text.split('-').map((end) => end.trim());
  if (from === '' || to === '' || more.length > 0) return null;
  return [durationIn(flag, from, example), durationIn(flag, to, example)];
}

function wholeNumber(flag: string, text: string, limits: { min: number; max: number; example: string }): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= limits.min && value <= limits.max) return value;
  throw wrong(flag, `"${text}" is not a whole number from ${limits.min} to ${limits.max}`, limits.example);
}

function parseFault(text: string): RandomFault {
  const example = '503:0.1';
  const [mode, share] = splitMode(text) ?? [];
  if (mode === undefined || share === undefined) throw wrong('--fault', `"${text}" is not MODE:SHARE`, example);
  checkMode('--fault', mode, example);
  const value = /^(\d+(\.\d+)?|\.\d+)$/.test(share) ? Number(share) : NaN;
  if (!(value <= 1)) throw wrong('--fault', `the share "${share}" is not a number from 0 to 1`, example);
  return { mode, share: value };
}

function parseOutage(text: string): Outage {
  const example = '503:5s-20s';
  const [mode, range] = splitMode(text) ?? [];
  if (mode === undefined || range === undefined) throw wrong('--outage', `"${text}" is not MODE:FROM-TO`, example);
  checkMode('--outage', mode, example);
  const [fromMs, toMs] = rangeIn('--outage', range, example) ?? [];
  if (fromMs === undefined || toMs === undefined) throw wrong('--outage', `"${range}" is not FROM-TO`, example);
  if (toMs <= fromMs) throw wrong('--outage', `"${range}" ends before it begins`, example);
  return { mode, fromMs, toMs };
}

function parseLatency(text: string): [min: number, max: number] {
  const example = '50ms-150ms';
  if (!text.includes('-')) {
    const latencyMs = durationIn('--latency', text, example);
    return [latencyMs, latencyMs];
  }
  const range = rangeIn('--latency', text, example);
  if (range === null) throw wrong('--latency', `"${text}" is not MIN-MAX`, example);
  if (range[1] < range[0]) throw wrong('--latency', `"${text}" ends before it begins`, example);
  return range;
}

function parseRegions(text: string): readonly string[] {
  const example = 'us-east-1,eu-west-1';
  const names = text.split(',').map((name) => name.trim());
  const bad = names.find((name) => !regionName.test(name));
  if (bad !== undefined) throw wrong('--regions', `"${bad}" is not a valid region name`, example);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw wrong('--regions', `"${repeated}" is named twice`, example);
  return names;
}

/**
 * Converts the flags of `captcha sandbox` into options. Throws `UsageError` that names the flag and a valid example.
 */
export function parseSandboxFlags(flags: SandboxFlags): SandboxOptions {
  const { fault, outage, latency, regions, regionOutage, threads, port, key, withoutSolvePhp } = flags;
  return {
    ...(fault && { faults: fault.map(parseFault) }),
    ...(outage && { outages: outage.map(parseOutage) }),
    ...(latency !== undefined && { latencyMs: parseLatency(latency) }),
    ...(regions !== undefined && { regions: parseRegions(regions) }),
    ...(regionOutage && { regionOutages: regionOutage.map(parseRegionOutage) }),
    ...(threads !== undefined && {
      threads: wholeNumber('--threads', threads, { min: 1, max: 100_000, example: '20' }),
    }),
    ...(port !== undefined && { port: wholeNumber('--port', port, { min: 0, max: 65_535, example: '8787' }) }),
    ...(key !== undefined && { key }),
    ...(withoutSolvePhp === true && { solvePhp: false }),
  };
}
