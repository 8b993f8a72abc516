import { isEmbedded } from '../../cli/fleet/fleet-queues.ts';
import { queryQueue } from '../../cli/fleet/region-queues.ts';
import { formatMs } from '../../cli/format.ts';
import type { Config } from '../../config/schema.ts';
import { QueueUnavailableError, UsageError } from '../../domain/errors.ts';
import type { Result } from '../../domain/result.ts';
import { readSqsUrl } from '../../domain/sqs-url.ts';
import { shellQuoted } from '../../domain/shell-word.ts';
import type { ConnectedWorker, QueueDepth, RedisInfo, ResultDepth } from '../../ports/queues.ts';
import type { DoctorContext } from './doctor-context.ts';
import { combined, failure, type Finding, ok, type Problem, warning } from './finding.ts';

const fixes: readonly (readonly [said: RegExp, fix: string])[] = [
  [/NOAUTH/, 'Redis needs a password: redis://:PASSWORD@HOST:PORT/DB'],
  [/WRONGPASS|invalid password/i, 'correct the user and password in the URL'],
  [/NOPERM/, 'allow the Redis user all commands on all keys, or the rights in docs/queues.md'],
  [/MOVED|CROSSSLOT|CLUSTERDOWN/, 'use a single Redis: Redis Cluster is not supported'],
  [/READONLY/, 'this Redis is a replica: let the URL lead to the primary'],
  [/ENOTFOUND|EAI_AGAIN/, 'correct the host in the URL, or run in a network that resolves this name'],
  [/ECONNREFUSED/, 'nothing listens there: start Redis, or correct the host and port in the URL'],
  [/DB index/, 'use an existing database number, usually /0 to /15'],
  [/certificate|SSL|TLS/i, 'rediss:// uses TLS, redis:// does not; set your own CA in NODE_EXTRA_CA_CERTS'],
  [/LOADING/, 'Redis is loading its data set; try again shortly'],
  [/timed? ?out|no answer/i, 'check for a firewall, a wrong port, or TLS on one side only (rediss://)'],
  [
    /RESP|Protocol error|ECONNRESET|EPIPE|closed/i,
    'the server is not Redis, or it requires TLS: correct the host and port, or use rediss://',
  ],
];

/** Fixes for an unusable queue or Redis, by the error of its client, without the URL. */
export function connectionHint(reason: string): string {
  const [, fix] = fixes.find(([said]) => said.test(reason)) ?? [];
  return fix ?? 'check its log, then run captcha queue show';
}

/** What was seen in a queue. */
export interface QueueStatus {
  /** Null for the results of all regions. */
  readonly region: string | null;
  readonly seen: Result<QueueDepth | ResultDepth, Problem>;
  /** Those that are connected to it; null where its engine cannot tell. */
  readonly workers: readonly ConnectedWorker[] | null;
}

function workersText(workers: QueueStatus['workers']): string {
  if (workers === null) return '';
  if (workers.length === 0) return '; no workers';
  const oldest = formatMs(Math.max(...workers.map(({ ageMs }) => ageMs)));
  return workers.length === 1 ? `; 1 worker, for ${oldest}` : `; ${workers.length} workers, the oldest for ${oldest}`;
}

function checkTasks(region: string, depth: QueueDepth, workers: QueueStatus['workers']): Finding {
  const { waiting, inFlight, oldestAgeMs, dead } = depth;
  const oldest = oldestAgeMs === null ? '' : ` (the oldest for ${formatMs(oldestAgeMs)})`;
  const deadText = dead === null ? '' : `, ${dead} dead`;
  const found = `${region}: ${waiting} waiting${oldest}, ${inFlight} in flight${deadText}${workersText(workers)}`;
  const name = shellQuoted(region);
  const withoutWorkers = warning(found, `captcha worker --region ${name}, or check why the platform starts none`);
  const deadLettersFound = warning(
    found,
    `captcha queue dead ${name} shows why, captcha queue requeue ${name} requeues them`,
  );
  const noDeadLetterQueue = warning(`${found}; no dead-letter queue`, `add a redrive policy to the queue of ${region}`);
  return combined([
    ok(found),
    ...(waiting > 0 && workers?.length === 0 ? [withoutWorkers] : []),
    ...(dead !== null && dead > 0 ? [deadLettersFound] : []),
    ...(dead === null ? [noDeadLetterQueue] : []),
  ]);
}

/** The depth of a queue, its workers and its dead letters. */
export function checkDepth({ region, seen, workers }: QueueStatus): Finding {
  if ('error' in seen) {
    const { message, hint } = seen.error;
    return failure(`${region ?? 'results'}: ${message}`, hint);
  }
  const depth = seen.value;
  if (region !== null && 'dead' in depth) return checkTasks(region, depth, workers);
  return ok(`results: ${depth.waiting} waiting, ${depth.inFlight} being read`);
}

/** A Redis that queues, results or state of the fleet are in. */
interface RedisStatus {
  /** Its URL without the database, password masked. */
  readonly server: string;
  readonly seen: Result<RedisInfo, Problem>;
}

const evictionFix = 'set maxmemory-policy noeviction (redis-cli config set, and its configuration)';
const persistenceFix = 'set appendonly yes (redis-cli config set, and its configuration)';

/** Whether a Redis is usable and keeps its data. */
export function checkRedis({ server, seen }: RedisStatus): readonly Finding[] {
  if ('error' in seen) return [failure(seen.error.message, seen.error.hint)];
  const { version, evictionPolicy, isAppendOnly } = seen.value;
  const evicts = evictionPolicy !== null && evictionPolicy !== 'noeviction';
  return [
    ok(`${server}: ${version === null ? 'answers' : `Redis ${version}`}`),
    ...(evicts
      ? [failure(`${server}: eviction policy ${evictionPolicy} can drop tasks when memory is full`, evictionFix)]
      : []),
    ...(isAppendOnly === false
      ? [warning(`${server}: appendonly is off; tasks are lost when Redis restarts`, persistenceFix)]
      : []),
  ];
}

/** What was seen of the queues that other processes reach, too. */
interface QueueProbeReport {
  readonly servers: readonly RedisStatus[];
  readonly queues: readonly QueueStatus[];
}

/** For each step of connecting to a Redis. */
const stepTimeoutMs = 3_000;

/** What a queue says, or why it says nothing. */
async function attempt<T>(
  url: string,
  query: () => Promise<T>,
  { context }: DoctorContext,
): Promise<Result<T, Problem>> {
  try {
    return { value: await queryQueue(url, query, context.clock) };
  } catch (error) {
    if (error instanceof UsageError) return { error: { message: error.message, hint: error.hint } };
    if (error instanceof QueueUnavailableError)
      return { error: { message: error.message, hint: connectionHint(error.reason) } };
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
async function probeRedis(
  urls: readonly string[],
  doctorContext: DoctorContext,
): Promise<ReadonlyMap<string, Result<RedisInfo, Problem>>> {
  const allChecks = [...new Set(urls.filter(isRedis))].map(async (url) => {
    return [
      url,
      await attempt(url, () => doctorContext.tools.readRedisInfo(url, stepTimeoutMs), doctorContext),
    ] as const;
  });
  return new Map(await Promise.all(allChecks));
}

interface Place {
  readonly region: string | null;
  readonly url: string;
}

/** A queue in a Redis that cannot be used was looked at enough. */
async function probeQueue(
  { region, url }: Place,
  condition: Result<RedisInfo, Problem> | undefined,
  { config, doctorContext }: { config: Config; doctorContext: DoctorContext },
): Promise<readonly QueueStatus[]> {
  if (condition !== undefined && 'error' in condition) return [];
  const depth = async (): Promise<QueueDepth | ResultDepth> => {
    const opener = await doctorContext.context.queues(config);
    return region === null ? (await opener.results(url)).depth() : (await opener.tasks(region, url)).depth();
  };
  const seen = await attempt(url, depth, doctorContext);
  const workers = condition?.value.workers?.filter((each) => each.region === region) ?? null;
  return [{ region, seen, workers }];
}

/** Connects to every queue that is configured and to `fleet.state`, all at the same time, and looks into them. */
export async function probeQueues(config: Config, doctorContext: DoctorContext): Promise<QueueProbeReport> {
  const { regions, results, fleet } = config;
  const ofRegions = regions.flatMap(({ name, queue }): Place[] =>
    queue === null ? [] : [{ region: name, url: queue }],
  );
  if (ofRegions.length === 0) return { servers: [], queues: [] };
  const all = [...ofRegions, ...(results === null ? [] : [{ region: null, url: results }])];
  const places = all.filter(({ url }) => !isEmbedded(url));
  const state = fleet.state === null ? [] : [fleet.state];
  const found = await probeRedis([...places.map(({ url }) => url), ...state], doctorContext);
  const queues = await Promise.all(
    places.map((place) => probeQueue(place, found.get(place.url), { config, doctorContext })),
  );
  const servers = [...found].map(([url, seen]) => ({ server: serverOf(url), seen }));
  return { servers, queues: queues.flat() };
}

/** What the configuration says about queues. */
export interface QueueFacts {
  readonly regions: readonly { readonly name: string; readonly queue: string | null }[];
  readonly results: string | null;
  readonly fleet: { readonly state: string | null };
}

const names = (regions: QueueFacts['regions']): string => regions.map(({ name }) => name).join(', ');

/** The queue that a region has in SQS, where two regions can name the same one; null elsewhere. */
function sqsPlace({ name, queue }: QueueFacts['regions'][number]): string | null {
  const read = queue?.startsWith('sqs:') === true ? readSqsUrl(queue, name, { AWS_REGION: 'any' }) : null;
  return read === null || 'error' in read ? null : JSON.stringify(read.value);
}

function duplicateFindings(regions: QueueFacts['regions']): readonly Finding[] {
  const places = regions.map(sqsPlace);
  return regions.flatMap(({ name }, index) => {
    const place = places[index] ?? null;
    const first = places.indexOf(place);
    if (place === null || first === index) return [];
    const found = `${name} uses the queue of ${regions[first]?.name ?? ''}: their workers take each other's tasks`;
    return [warning(found, 'give every region its own queue')];
  });
}

const noResults = warning('no results queue is configured', 'set results: workers need it to deliver their results');

/** An SQS message cannot be changed, so the progress of a task is kept in `fleet.state` or nowhere. */
function stateFindings({ regions, fleet }: QueueFacts): readonly Finding[] {
  if (fleet.state !== null || regions.every(({ queue }) => queue?.startsWith('sqs:') !== true)) return [];
  return [
    warning(
      'SQS cannot store captcha ids, and fleet.state is not set: a killed worker can cause a task to be paid for twice',
      'set fleet.state to a redis:// URL that all workers reach',
    ),
  ];
}

/** Whether queues are configured for all regions or none, can be reached, keep their tasks, and are worked on. */
export function checkQueues(facts: QueueFacts, { servers, queues }: QueueProbeReport): Finding {
  const { regions, results } = facts;
  const without = regions.filter(({ queue }) => queue === null);
  if (without.length === regions.length) {
    return ok(
      regions.length === 0
        ? 'no queues are needed without regions'
        : 'no queues are configured: tasks are solved directly (--via direct)',
    );
  }
  const missing =
    without.length === 0
      ? []
      : [warning(`no queue is configured for: ${names(without)}`, 'set regions[].queue for every region')];
  const isAlone = regions.some(({ queue }) => queue?.startsWith('memory:') === true);
  return combined([
    ok(`${regions.length - without.length} of ${regions.length} regions have a queue`),
    ...(isAlone ? [ok('memory: queues exist only inside each process; other workers cannot reach them')] : []),
    ...missing,
    ...duplicateFindings(regions),
    ...(results === null && !isAlone ? [noResults] : []),
    ...stateFindings(facts),
    ...servers.flatMap(checkRedis),
    ...queues.map(checkDepth),
  ]);
}
