import type { Config } from '../../config/schema.ts';
import { type GetQueueDepth, ScaleToZeroDetector } from '../../core/regions/scale-to-zero.ts';
import { QueueUnavailableError, UsageError } from '../../domain/errors.ts';
import type { ApiReach, ProbeLimits, ProbeResult, RegionProbe } from '../../ports/api.ts';
import type { QueueDepth, TaskQueue } from '../../ports/queues.ts';
import type { Context } from '../context.ts';
import { isEmbedded } from '../fleet/fleet-queues.ts';
import { queryQueue } from '../fleet/region-queues.ts';

/** What a depth probe needs to judge the regions that do not answer. */
export interface QueueDepthProbeDeps {
  readonly config: Config;
  readonly context: Context;
  /** How a depth probe answers for a region by what is in its queue; null where it has no say. */
  readonly judge: (depth: QueueDepth) => QueueDepth | null;
}

/**
 * Probes the regions, and the queues of regions without an answer: an empty one says that the region sleeps, scaled
 * down to zero. No queue is opened before that. One that cannot be asked leaves the word to the probe and is
 * named in its error.
 */
export class QueueDepthProbe implements RegionProbe {
  readonly #parts: QueueDepthProbeDeps;
  readonly #probe: ScaleToZeroDetector;
  readonly #queues = new Map<string, Promise<TaskQueue>>();
  readonly #depths = new Map<string, QueueDepth>();
  readonly #queueErrors = new Map<string, string>();

  constructor(probe: RegionProbe, parts: QueueDepthProbeDeps) {
    this.#parts = parts;
    const depthOf: GetQueueDepth = async (healthUrl) => {
      const depth = await this.#getDepth(healthUrl);
      return depth === null ? null : parts.judge(depth);
    };
    this.#probe = new ScaleToZeroDetector(probe, depthOf);
  }

  probeApi(baseUrl: string, limits: ProbeLimits): Promise<ApiReach> {
    return this.#probe.probeApi(baseUrl, limits);
  }

  async probeRegion(healthUrl: string, limits: ProbeLimits): Promise<ProbeResult> {
    this.#queueErrors.delete(healthUrl);
    this.#depths.delete(healthUrl);
    const result = await this.#probe.probeRegion(healthUrl, limits);
    const queueError = this.#queueErrors.get(healthUrl);
    if (result.answered || queueError === undefined) return result;
    return { ...result, error: `${result.error}; its queue cannot be read either: ${queueError}` };
  }

  /** The queue depth of the region with this endpoint, if the queue was read because the endpoint did not answer; else null. */
  depthAt(healthUrl: string): QueueDepth | null {
    return this.#depths.get(healthUrl) ?? null;
  }

  async #getDepth(healthUrl: string): Promise<QueueDepth | null> {
    const { config, context } = this.#parts;
    const region = config.regions.find(({ health }) => health === healthUrl);
    const url = region?.queue ?? null;
    if (region === undefined || url === null || isEmbedded(url)) return null;
    try {
      const queue = await this.#open(region.name, url);
      const depth = await queryQueue(url, () => queue.depth(), context.clock);
      this.#depths.set(healthUrl, depth);
      return depth;
    } catch (error) {
      if (!(error instanceof QueueUnavailableError || error instanceof UsageError)) throw error;
      this.#queueErrors.set(healthUrl, error.message);
      return null;
    }
  }

  #open(region: string, url: string): Promise<TaskQueue> {
    const { config, context } = this.#parts;
    const opening = this.#queues.get(region) ?? context.queues(config).then((opener) => opener.tasks(region, url));
    this.#queues.set(region, opening);
    return opening;
  }
}
