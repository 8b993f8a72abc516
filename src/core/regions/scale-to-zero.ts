import type { ApiReach, ProbeLimits, ProbeResult, RegionProbe } from '../../ports/api.ts';
import type { QueueDepth } from '../../ports/queues.ts';
import { localLimitIn } from './region-health.ts';

/** Depth of the queue of the region with this health endpoint; null if unknown. */
export type GetQueueDepth = (healthUrl: string) => Promise<QueueDepth | null>;

/**
 * If nothing listens for a region, its queue decides: with an empty queue and no task in flight the region counts as asleep,
 * scaled down to zero, and wakes up when it gets tasks. Any other failure is one. A region that did not wake up for waiting tasks no longer counts as asleep
 * until a worker answers: otherwise it would look asleep as soon as its tasks were moved elsewhere.
 */
export class ScaleToZeroDetector implements RegionProbe {
  readonly #probe: RegionProbe;
  readonly #depthOf: GetQueueDepth;
  /** Regions that have answered before. */
  readonly #seen = new Set<string>();
  readonly #didNotWake = new Set<string>();

  constructor(probe: RegionProbe, depthOf: GetQueueDepth) {
    this.#probe = probe;
    this.#depthOf = depthOf;
  }

  probeApi(baseUrl: string, limits: ProbeLimits): Promise<ApiReach> {
    return this.#probe.probeApi(baseUrl, limits);
  }

  async probeRegion(url: string, limits: ProbeLimits): Promise<ProbeResult> {
    const result = await this.#probe.probeRegion(url, limits);
    if (localLimitIn(result) !== null) return result;
    if (result.answered) {
      this.#seen.add(url);
      this.#didNotWake.delete(url);
      return result;
    }
    const depth = result.nothingListens === true ? await this.#depthOf(url) : null;
    if (depth === null) return result;
    const { waiting, inFlight } = depth;
    if (waiting + inFlight === 0) return this.#didNotWake.has(url) ? result : asleep(0);
    this.#didNotWake.add(url);
    // A region that has answered before is not asleep while tasks wait in its queue.
    return this.#seen.has(url) || waiting === 0 ? result : asleep(waiting);
  }
}

function asleep(queueDepth: number): ProbeResult {
  const answer = { status: null, activeWorkers: 0, queueDepth, asleep: 'nothing listens, and its queue is empty' };
  return { answered: true, latencyMs: null, answer };
}
