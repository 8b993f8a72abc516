import type { Config } from '../../config/schema.ts';
import { QueueUnavailableError, UsageError } from '../../domain/errors.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';
import { withTimeLimit } from '../../domain/time-limit.ts';
import type { QueueDepth, ResultDepth, TaskQueue } from '../../ports/queues.ts';
import type { Clock } from '../../ports/system.ts';
import type { Context } from '../context.ts';
import { isEmbedded, queueUrls, resultsUrl } from './fleet-queues.ts';

/** A little longer than the engines are patient themselves, since they can say why. */
const maxWaitMs = 6_000;

/** The answer of a queue to an interactive command. Throws `QueueUnavailableError` if it takes too long. */
export async function queryQueue<T>(url: string, query: () => Promise<T>, clock: Clock): Promise<T> {
  const answered = query().then((value) => ({ value }));
  const answer = await withTimeLimit(answered, { ms: maxWaitMs }, clock);
  if (answer === null) {
    const reason = `no answer within ${maxWaitMs / 1_000}s`;
    throw new QueueUnavailableError(`${maskSecrets(url)}: ${reason}`, reason);
  }
  return answer.value;
}

/** What was found in a queue, or why nothing was. */
export interface RegionQueueStatus {
  /** Null for the results of all regions. */
  readonly region: string | null;
  readonly depth: QueueDepth | ResultDepth | null;
  readonly error: string | null;
}

/** A queue, and how to open it. */
interface Place {
  /** Null for the results. */
  readonly region: string | null;
  readonly url: string;
  readonly open: () => Promise<{ depth(): Promise<QueueDepth | ResultDepth> }>;
}

async function getStatus({ region, url, open }: Place, { clock }: Context): Promise<RegionQueueStatus> {
  try {
    // Loading the engine is no wait for the queue: a busy machine may need seconds for it.
    const queue = await open();
    const depth = await queryQueue(url, () => queue.depth(), clock);
    return { region, depth, error: null };
  } catch (error) {
    // A queue that does not exist must not hide the others.
    if (!(error instanceof QueueUnavailableError || error instanceof UsageError)) throw error;
    return { region, depth: null, error: error.message };
  }
}

/** The queues that other processes reach, too. Throws `UsageError` where they are inside a process. */
function reachableUrls(
  { globals }: Context,
  config: Parameters<typeof queueUrls>[0]['config'],
): ReadonlyMap<string, string> {
  const urls = queueUrls({ config, sandbox: globals.sandbox });
  if ([...urls.values()].some(isEmbedded)) {
    const hint = 'use a queue that several processes can reach, such as redis://redis:6379/0';
    throw new UsageError('memory: queues exist only inside the process that uses them', hint);
  }
  return urls;
}

/** The queue of a region. Throws `UsageError` where there is none. */
export async function openRegionQueue(region: string, context: Context): Promise<TaskQueue> {
  const { config } = await context.config([]);
  const urls = reachableUrls(context, config);
  const url = urls.get(region);
  if (url === undefined)
    throw new UsageError(`unknown region ${region}`, `known regions: ${[...urls.keys()].join(', ')}`);
  return (await context.queues(config)).tasks(region, url);
}

/** The queues of all regions, by their names. Throws `UsageError` where one has none. */
export async function openRegionQueues(context: Context): Promise<ReadonlyMap<string, TaskQueue>> {
  const { config } = await context.config([]);
  const opener = await context.queues(config);
  const opened = [...reachableUrls(context, config)].map(async ([region, url]) => {
    return [region, await opener.tasks(region, url)] as const;
  });
  return new Map(await Promise.all(opened));
}

/** Looks into the queues of the regions that other processes reach, all at the same time. */
export async function getTaskQueueStatuses(context: Context, config: Config): Promise<readonly RegionQueueStatus[]> {
  if (context.globals.sandbox) return [];
  const places = config.regions.flatMap(({ name, queue: url }) => {
    if (url === null || isEmbedded(url)) return [];
    return [{ region: name, url, open: async () => (await context.queues(config)).tasks(name, url) }];
  });
  return Promise.all(places.map((place) => getStatus(place, context)));
}

/** Looks into the queue of every region and into that of the results, all at the same time. */
export async function getQueueStatuses(context: Context): Promise<readonly RegionQueueStatus[]> {
  const { config } = await context.config([]);
  const urls = reachableUrls(context, config);
  const opener = await context.queues(config);
  const results = config.results === null ? null : resultsUrl({ config, sandbox: false });
  const places: readonly Place[] = [
    ...[...urls].map(([region, url]) => ({ region, url, open: () => opener.tasks(region, url) })),
    ...(results === null ? [] : [{ region: null, url: results, open: () => opener.results(results) }]),
  ];
  return Promise.all(places.map((place) => getStatus(place, context)));
}
