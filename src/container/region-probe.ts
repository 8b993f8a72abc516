import { openDispatcher } from '../adapters/http/dispatcher.ts';
import type { DispatcherOptions } from '../adapters/http/probe-dispatchers.ts';
import { proxyFor } from '../adapters/http/proxy.ts';
import { createRegionProbe } from '../adapters/regions/region-probe.ts';
import type { Config } from '../config/schema.ts';
import type { RegionProbe } from '../ports/api.ts';

/** Probes of many regions may pass through one proxy at the same time. */
const proxyConnections = 1_024;

/**
 * Plugs in what asks regions and the service how they are. It takes the way that tasks take, through the same proxy,
 * except to loopback. Throws `UsageError` where a proxy variable is malformed.
 */
export function createConfiguredRegionProbe(
  { api, regions, health: { timeoutMs } }: Config,
  env: NodeJS.ProcessEnv,
): RegionProbe & { close(): Promise<void> } {
  const proxyOf: DispatcherOptions['proxyFor'] = (url) => {
    const proxy = proxyFor(url, env);
    if (proxy === null) return null;
    const options = { connections: proxyConnections, timeoutMs, proxy, forwardsHttp: true };
    return { url: proxy.url, open: () => openDispatcher(options) };
  };
  // A variable that is malformed is found here, before anything is asked.
  for (const url of [api.baseUrl, ...regions.map(({ health }) => health)]) if (url !== null) proxyOf(new URL(url));
  return createRegionProbe({ timeoutMs, proxyFor: proxyOf });
}
