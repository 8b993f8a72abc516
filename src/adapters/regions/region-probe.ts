import { isObject } from '../../domain/json.ts';
import type { ApiReach, ProbeLimits, ProbeResult, RegionAnswer, RegionProbe } from '../../ports/api.ts';
import { get, type Got } from '../http/http-get.ts';
import { type DispatcherOptions, Dispatchers } from '../http/probe-dispatchers.ts';
import { openFileLimit } from '../system/open-file-limit.ts';

function parseObject(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** Accepted key names of each count. */
const workerKeys = ['activeWorkers', 'active_workers'];
const depthKeys = ['queueDepth', 'queue_depth'];

/** The first valid count under these keys; null if there is none. */
function countIn(document: Record<string, unknown>, keys: readonly string[]): number | null {
  return keys.map((key) => document[key]).find(isCount) ?? null;
}

/**
 * A phrase about keys whose value is not a count, so that a faulty health endpoint is noticed; null if there are none.
 */
function findInvalidField(document: Record<string, unknown>): string | null {
  const wrong = [workerKeys, depthKeys].flatMap((keys) => {
    const written = keys.find((key) => (document[key] ?? null) !== null);
    return written === undefined || countIn(document, keys) !== null ? [] : [`${written} is not a count`];
  });
  return wrong.length === 0 ? null : wrong.join(', ');
}

/** A status is one word; other text, such as a page, is ignored. */
function word(written: unknown): string | null {
  const text = typeof written === 'string' ? written.trim().toLowerCase() : '';
  return /^[a-z][a-z_-]{0,31}$/.test(text) ? text : null;
}

/** Parses the answer of a health endpoint; null if it is not a JSON object. */
export function readHealth(body: string): RegionAnswer | null {
  const document = parseObject(body);
  if (document === null) return null;
  const invalidField = findInvalidField(document);
  return {
    status: word(document['status']),
    activeWorkers: countIn(document, workerKeys),
    queueDepth: countIn(document, depthKeys),
    ...(invalidField !== null && { invalidField }),
  };
}

/** Probes that may run at once, however few files may be open. */
const minConcurrent = 8;
/** Size limit of a health answer. */
const maxHealthBytes = 64 * 1024;

const isSuccess = (status: number): boolean => status >= 200 && status < 300;
const isRedirect = (status: number): boolean => status >= 300 && status < 400;

function resultOf(got: Got, isProxied: () => boolean): ProbeResult {
  if (got.type === 'broken') {
    const { latencyMs, why, isLocal } = got;
    // Through a proxy it is the proxy at which nothing listens.
    const silence = got.isRefused && !isProxied() ? ({ nothingListens: true } as const) : {};
    return { answered: false, latencyMs, error: why, ...silence, ...(isLocal === true && { isLocal }) };
  }
  const { status, body, unreadable, latencyMs } = got;
  const refused = (error: string): ProbeResult => ({ answered: false, latencyMs, error });
  if (isRedirect(status)) return refused(`HTTP ${status}, a redirect (not followed)`);
  if (!isSuccess(status)) return refused(`HTTP ${status}`);
  const answer = readHealth(body);
  if (answer !== null) return { answered: true, latencyMs, answer };
  return refused(`HTTP ${status}${unreadable === null ? ' without a JSON object' : ` with ${unreadable}`}`);
}

/** Any answer proves that the API is reachable; an error in it is reported as well. */
function reachOf(got: Got): ApiReach {
  if (got.type === 'broken') return { reachable: got.latencyMs !== null, latencyMs: got.latencyMs, error: got.why };
  return { reachable: true, latencyMs: got.latencyMs, error: got.status >= 500 ? `HTTP ${got.status}` : null };
}

/** Limits how many of these run at once: the others wait, and their time has not begun. */
function limited(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

/**
 * Creates a probe over HTTP, without an API key and with a new connection each time. Only a 2xx answer with a JSON
 * object of up to 64 KiB counts as an answer. `timeoutMs` is an upper bound for the timeouts in `limits`.
 */
export function createRegionProbe(options: DispatcherOptions): RegionProbe & { close(): Promise<void> } {
  const dispatchers = new Dispatchers(options);
  // Half of the files that this process may have open are left to everything else.
  const withinLimit = limited(Math.max(minConcurrent, Math.floor(openFileLimit() / 2)));
  const fetchUrl = (address: string, maxBytes: number, limits: ProbeLimits): Promise<Got> => {
    const url = new URL(address);
    return withinLimit(async () => get(await dispatchers.for(url), { url, maxBytes }, limits));
  };
  return {
    probeRegion: async (url, limits) => {
      const isProxied = (): boolean => options.proxyFor(new URL(url)) !== null;
      return resultOf(await fetchUrl(url, maxHealthBytes, limits), isProxied);
    },
    probeApi: async (baseUrl, limits) => reachOf(await fetchUrl(baseUrl, 0, limits)),
    close: () => dispatchers.close(),
  };
}
