import { readRedisUrl } from '../domain/redis-url.ts';
import type { Config } from './schema.ts';

/** The database of the results, where it is not configured: another one than those of the first regions. */
const resultsDatabase = '/9';
const cloudRegion = /^[a-z]{2}(?:-[a-z]+)+-\d$/;

/** The server and login of a Redis URL; null for another URL. */
function redisServer(url: string): string | null {
  const read = /^rediss?:/.test(url) ? readRedisUrl(url) : null;
  return read === null || 'error' in read ? null : JSON.stringify({ ...read.value, db: null });
}

/** The queues of the regions; without any, the one that `TASK_QUEUE` names. */
function queuesOf({ regions }: Config, { TASK_QUEUE: named = '' }: NodeJS.ProcessEnv): readonly string[] {
  const configured = regions.flatMap(({ queue }) => queue ?? []);
  return configured.length > 0 || named === '' ? configured : [named];
}

/** Database 9 of the Redis that all task queues are in; null if they are in several, or in none. */
function besideQueues(queues: readonly string[]): string | null {
  const [first] = queues;
  const servers = new Set(queues.map(redisServer));
  if (first === undefined || servers.size > 1 || servers.has(null)) return null;
  const url = new URL(first);
  url.pathname = resultsDatabase;
  return url.href;
}

/** An SQS queue is in one cloud region. Workers and dispatchers of one configuration must look for it in the same. */
function inCloudRegion(url: string, { routes }: Config, env: NodeJS.ProcessEnv): string | null {
  const main = routes.default ?? '';
  const isKnown = [env['AWS_REGION'], env['AWS_DEFAULT_REGION']].some((name) => (name ?? '') !== '');
  if (isKnown || !/^sqs:\/\/[\w-]+$/.test(url) || !cloudRegion.test(main)) return null;
  return `${url}?region=${main}`;
}

/** A results queue that follows from the rest of the configuration, and what it follows from. */
export interface DerivedResults {
  readonly url: string;
  readonly from: string;
}

/** Where the results are if the configuration does not say it completely; null if it does, or if nothing follows. */
export function derivedResults(config: Config, env: NodeJS.ProcessEnv): DerivedResults | null {
  const { results } = config;
  const url = results === null ? besideQueues(queuesOf(config, env)) : inCloudRegion(results, config, env);
  if (url === null) return null;
  return { url, from: results === null ? 'default: the Redis of the task queues' : 'region of routes.default' };
}
