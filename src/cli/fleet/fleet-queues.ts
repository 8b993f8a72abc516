import type { Config } from '../../config/schema.ts';
import { UsageError } from '../../domain/errors.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';
import { readRedisUrl } from '../../domain/redis-url.ts';
import { parseSqsUrl } from '../../domain/sqs-url.ts';
import type { FleetState, ResultQueue, TaskQueue } from '../../ports/queues.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Opens queues by their URLs. Queues that are still open are closed when the program ends. */
export interface FleetQueues {
  /** Throws `UsageError` for a URL that cannot be one. */
  tasks(region: string, url: string): Promise<TaskQueue>;
  results(url: string): Promise<ResultQueue>;
  /** The result store of the queues; null if there is none. */
  state(): Promise<FleetState | null>;
}

/** Inside this process, which then has to work for the region itself. */
export function isEmbedded(url: string): boolean {
  return url.startsWith('memory:');
}

/** The queue of every region. Throws `UsageError` where one has none. */
export function queueUrls({ regions }: Pick<Config, 'regions'>): ReadonlyMap<string, string> {
  const example = 'for example "queue": "redis://redis:6379/0"; to try it out: captcha --sandbox batch --via queues';
  if (regions.length === 0) throw new UsageError('no regions are configured', `add them under "regions", ${example}`);
  const without = regions.filter(({ queue }) => queue === null).map(({ name }) => name);
  if (without.length > 0)
    throw new UsageError(`no queue is configured for: ${without.join(', ')}`, `set regions[].queue, ${example}`);
  const urls = regions.flatMap(({ name, queue }) => (queue === null ? [] : [[name, queue] as const]));
  const embedded = urls.filter(([, url]) => isEmbedded(url)).map(([name]) => name);
  if (embedded.length > 0 && embedded.length < urls.length) {
    const fix = 'give them a queue that other processes can reach, or use memory: for all regions';
    throw new UsageError(
      `only some regions have a memory: queue, which exists only inside one process: ${embedded.join(', ')}`,
      fix,
    );
  }
  return new Map(urls);
}

/**
 * Checks the URLs of queues and results: what the openers would refuse, and kinds that do not go together. Throws
 * `UsageError`. Regions without a queue are passed over: without `--via queues` they need none.
 */
export function checkQueueUrls(config: Config, env: Environment): void {
  const withQueue = config.regions.filter(({ queue }) => queue !== null);
  if (withQueue.length === 0) return;
  const urls = queueUrls({ regions: withQueue });
  for (const [region, url] of urls) checkQueueUrl(url, region, env);
  const { results } = config;
  if (results === null) return;
  resultsUrl(config);
  checkQueueUrl(results, null, env);
}

/** Checks the URL of a queue, or of the results if `region` is null. Throws `UsageError`. */
export function checkQueueUrl(url: string, region: string | null, env: Environment): void {
  if (url.startsWith('sqs:')) parseSqsUrl(url, region, env);
  const read = /^rediss?:/.test(url) ? readRedisUrl(url) : null;
  if (read !== null && 'error' in read) throw new UsageError(`${maskSecrets(url)}: ${read.error}`);
}

/** Whether other processes work for the regions. Throws `UsageError` where a region has no queue. */
export function hasWorkersElsewhere(config: Pick<Config, 'regions'>): boolean {
  return [...queueUrls(config).values()].some((url) => !isEmbedded(url));
}

/** The central results. Throws `UsageError` where workers elsewhere would have nowhere to put theirs. */
export function resultsUrl({ results, regions }: Pick<Config, 'results' | 'regions'>): string {
  const isAlone = regions.some(({ queue }) => queue !== null && isEmbedded(queue));
  if (results === null || isEmbedded(results)) {
    if (isAlone) return 'memory:';
    throw new UsageError(
      results === null
        ? 'no results queue is configured'
        : "results is memory:, which exists only inside one process, but the regions' queues are outside it",
      'set results in the config file, or RESULT_QUEUE_URL, for example redis://redis:6379/9',
    );
  }
  return results;
}
