import type { ApiReach, ProbeLimits, ProbeResult, RegionProbe } from '../../ports/api.ts';
import type { QueueDepth } from '../../ports/queues.ts';

/** What waits in the queue of the region with this health endpoint; null where nobody can tell. */
export type GetQueueDepth = (healthUrl: string) => Promise<QueueDepth | null>;

/**
 * Where nobody answers for a region, its queue decides: with nothing in it the region sleeps, scaled down to zero, and
 * wakes up when it gets tasks. One that did not wake up for the tasks that it had is not believed again until somebody
 * answers: otherwise it would look asleep as soon as they were taken elsewhere.
 */
export class ScaleToZeroDetector implements RegionProbe {
  readonly #probe: RegionProbe;
  readonly #depthOf: GetQueueDepth;
  /** Those that answered at some time. */
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
    if (result.answered) {
      this.#seen.add(url);
      this.#didNotWake.delete(url);
      return result;
    }
    const depth = await this.#depthOf(url);
    if (depth === null) return result;
    const { waiting, inFlight } = depth;
    if (waiting + inFlight === 0) return this.#didNotWake.has(url) ? result : asleep(0);
    this.#didNotWake.add(url);
    // Who has worked before does not sleep with tasks in its queue.
    return this.#seen.has(url) || waiting === 0 ? result : asleep(waiting);
  }
}

function asleep(queueDepth: number): ProbeResult {
  return { answered: true, latencyMs: 0, answer: { status: null, activeWorkers: 0, queueDepth } };
}
