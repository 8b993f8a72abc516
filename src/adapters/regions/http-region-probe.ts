import type { ApiReach, ProbeLimits, ProbeResult, RegionProbe } from '../../ports/region-probe.ts';
import { Dispatchers, type DispatcherOptions } from './dispatchers.ts';
import { get, type Got } from './get.ts';
import { readHealth } from './read-health.ts';

/** More than any health endpoint has to say. */
const mostHealthBytes = 64 * 1024;

const isSuccess = (status: number): boolean => status >= 200 && status < 300;
const isRedirect = (status: number): boolean => status >= 300 && status < 400;

function resultOf(got: Got): ProbeResult {
  if (got.type === 'broken') return { answered: false, latencyMs: got.latencyMs, error: got.why };
  const { status, body, unreadable, latencyMs } = got;
  const refused = (error: string): ProbeResult => ({ answered: false, latencyMs, error });
  if (isRedirect(status)) return refused(`HTTP ${status}, a redirect, which is not followed`);
  if (!isSuccess(status)) return refused(`HTTP ${status}`);
  const answer = readHealth(body);
  if (answer !== null) return { answered: true, latencyMs, answer };
  return refused(`HTTP ${status}${unreadable === null ? ', but not a JSON object' : ` with ${unreadable}`}`);
}

/** An answer of any kind comes from the other end; what it says of trouble there is worth a word all the same. */
function reachOf(got: Got): ApiReach {
  if (got.type === 'broken') return { reachable: got.latencyMs !== null, latencyMs: got.latencyMs, error: got.why };
  return { reachable: true, latencyMs: got.latencyMs, error: got.status >= 500 ? `HTTP ${got.status}` : null };
}

/**
 * Asks over HTTP, without a key, each time on a new connection. An answer that is no 2xx with a JSON object of at most
 * 64 KiB is none. `timeoutMs` bounds what `limits` ask for.
 */
export function createRegionProbe(options: DispatcherOptions): RegionProbe & { close(): Promise<void> } {
  const dispatchers = new Dispatchers(options);
  const ask = async (address: string, mostBytes: number, limits: ProbeLimits): Promise<Got> => {
    const url = new URL(address);
    return get(await dispatchers.for(url), { url, mostBytes }, limits);
  };
  return {
    probeRegion: async (url, limits) => resultOf(await ask(url, mostHealthBytes, limits)),
    probeApi: async (baseUrl, limits) => reachOf(await ask(baseUrl, 0, limits)),
    close: () => dispatchers.close(),
  };
}
