import type { Config } from '../../config/schema.ts';
import { QueueUnavailable } from '../../domain/queue-unavailable.ts';
import { UsageError } from '../../domain/usage-error.ts';
import type { RedisCondition } from '../../ports/redis-condition.ts';
import type { ResultDepth } from '../../ports/result-queue.ts';
import type { QueueDepth } from '../../ports/task-queue.ts';
import { askQueue } from '../fleet/ask-queue.ts';
import { isEmbedded } from '../fleet/fleet-queues.ts';
import type { QueueSight } from './check-depth.ts';
import type { RedisSight } from './check-redis.ts';
import type { Problem } from './problem.ts';
import type { Ward } from './ward.ts';

/** What was seen of the queues that other processes reach, too. */
export interface QueueSurvey {
  readonly servers: readonly RedisSight[];
  readonly queues: readonly QueueSight[];
}

/** For each step of connecting to a Redis. */
const stepTimeoutMs = 3_000;

type Seen<T> = { readonly value: T } | { readonly problem: Problem };

/** What a queue says, or why it says nothing. */
async function attempt<T>(url: string, ask: () => Promise<T>, { context }: Ward): Promise<Seen<T>> {
  try {
    return { value: await askQueue(url, ask, context.clock) };
  } catch (error) {
    if (error instanceof UsageError) return { problem: { message: error.message, hint: error.hint } };
    if (error instanceof QueueUnavailable) return { problem: { message: error.message, hint: null } };
    throw error;
  }
}

const isRedis = (url: string): boolean => /^rediss?:/.test(url);

/** Databases of one server are one server. */
function serverOf(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

/** Every Redis URL is tried, since each has its own password and database. */
async function lookAtRedis(urls: readonly string[], ward: Ward): Promise<ReadonlyMap<string, Seen<RedisCondition>>> {
  const looks = [...new Set(urls.filter(isRedis))].map(async (url) => {
    return [url, await attempt(url, () => ward.tools.redisCondition(url, stepTimeoutMs), ward)] as const;
  });
  return new Map(await Promise.all(looks));
}

interface Place {
  readonly region: string | null;
  readonly url: string;
}

/** A queue in a Redis that cannot be used was looked at enough. */
async function lookInto(
  { region, url }: Place,
  condition: Seen<RedisCondition> | undefined,
  { config, ward }: { config: Config; ward: Ward },
): Promise<readonly QueueSight[]> {
  if (condition !== undefined && 'problem' in condition) return [];
  const depth = async (): Promise<QueueDepth | ResultDepth> => {
    const opener = await ward.context.queues(config);
    return region === null ? (await opener.results(url)).depth() : (await opener.tasks(region, url)).depth();
  };
  const seen = await attempt(url, depth, ward);
  const workers = condition?.value.workers?.filter((each) => each.region === region) ?? null;
  return [{ region, seen: 'value' in seen ? { depth: seen.value } : seen, workers }];
}

/** Connects to every queue that is configured and to `fleet.state`, all at the same time, and looks into them. */
export async function surveyQueues(config: Config, ward: Ward): Promise<QueueSurvey> {
  const { regions, results, fleet } = config;
  const ofRegions = regions.flatMap(({ name, queue }): Place[] =>
    queue === null ? [] : [{ region: name, url: queue }],
  );
  if (ofRegions.length === 0) return { servers: [], queues: [] };
  const all = [...ofRegions, ...(results === null ? [] : [{ region: null, url: results }])];
  const places = all.filter(({ url }) => !isEmbedded(url));
  const state = fleet.state === null ? [] : [fleet.state];
  const found = await lookAtRedis([...places.map(({ url }) => url), ...state], ward);
  const queues = await Promise.all(places.map((place) => lookInto(place, found.get(place.url), { config, ward })));
  const servers = [...found].map(([url, seen]) => ({
    server: serverOf(url),
    seen: 'value' in seen ? seen.value : seen,
  }));
  return { servers, queues: queues.flat() };
}
