import type { Config } from '../../config/schema.ts';
import { QueueUnavailableError, UsageError } from '../../domain/errors.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';
import { withTimeLimit } from '../../domain/time-limit.ts';
import type { QueueDepth, ResultDepth, TaskQueue } from '../../ports/queues.ts';
import type { Clock } from '../../ports/system.ts';
import type { Context } from '../context.ts';
import { isEmbedded, queueUrls, resultsUrl } from './fleet-queues.ts';
import { fillSandboxQueue, noteSandboxTasks } from './sandbox-tasks.ts';

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

/** The queues that other processes reach, too, or those of `--sandbox`. Throws `UsageError` for others inside a process. */
function reachableUrls({ globals }: Context, config: Config): ReadonlyMap<string, string> {
  const urls = queueUrls(config);
  if (!globals.sandbox && [...urls.values()].some(isEmbedded)) {
    const hint = 'use a queue that several processes can reach, such as redis://redis:6379/0';
    throw new UsageError('memory: queues exist only inside the process that uses them', hint);
  }
  return urls;
}

/** Opens the queue of a region. That of `--sandbox` has tasks then. */
async function openQueue([region, url]: readonly [string, string], config: Config, context: Context) {
  const queue = await (await context.queues(config)).tasks(region, url);
  if (context.globals.sandbox) await fillSandboxQueue(region, queue, context);
  return queue;
}

/** The queue of a region. Throws `UsageError` where there is none. */
export async function openRegionQueue(region: string, context: Context): Promise<TaskQueue> {
  const { config } = await context.config([]);
  const urls = reachableUrls(context, config);
  const url = urls.get(region);
  if (url === undefined)
    throw new UsageError(`unknown region ${region}`, `known regions: ${[...urls.keys()].join(', ')}`);
  if (context.globals.sandbox) noteSandboxTasks(`the queue of ${region}`, context);
  return openQueue([region, url], config, context);
}

/** The queues of all regions, by their names. Throws `UsageError` where one has none. */
export async function openRegionQueues(context: Context): Promise<ReadonlyMap<string, TaskQueue>> {
  const { config } = await context.config([]);
  const urls = [...reachableUrls(context, config)];
  if (context.globals.sandbox) noteSandboxTasks('each queue', context);
  const opened = urls.map(async (place) => [place[0], await openQueue(place, config, context)] as const);
  return new Map(await Promise.all(opened));
}

/** Looks into the queues of regions that other processes reach, all at the same time. */
export async function getTaskQueueStatuses(
  context: Context,
  config: Config,
  regions: Config['regions'] = config.regions,
): Promise<readonly RegionQueueStatus[]> {
  const { sandbox } = context.globals;
  const places = regions.flatMap(({ name: region, queue: url }) => {
    if (url === null || (isEmbedded(url) && !sandbox)) return [];
    return [{ region, url, open: () => openQueue([region, url], config, context) }];
  });
  return Promise.all(places.map((place) => getStatus(place, context)));
}

/** Looks into the queue of every region and into that of the results, all at the same time. */
export async function getQueueStatuses(context: Context): Promise<readonly RegionQueueStatus[]> {
  const { config } = await context.config([]);
  const urls = reachableUrls(context, config);
  const opener = await context.queues(config);
  if (context.globals.sandbox) noteSandboxTasks('each queue', context);
  const results = config.results === null ? null : resultsUrl(config);
  const places: readonly Place[] = [
    ...[...urls].map(([region, url]) => ({ region, url, open: () => openQueue([region, url], config, context) })),
    ...(results === null ? [] : [{ region: null, url: results, open: () => opener.results(results) }]),
  ];
  return Promise.all(places.map((place) => getStatus(place, context)));
}
