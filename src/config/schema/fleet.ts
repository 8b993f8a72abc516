import * as v from 'valibot';
import { reservedParameters } from '../../protocol/wire.ts';
import { httpUrl, queueUrl, redisUrl } from './locations.ts';
import { bareKey, inMs, key, requiredKey, section, shape } from './section.ts';
import {
  autoOr,
  duration,
  flag,
  integer,
  listOf,
  mapOf,
  mustBe,
  mustBeUnseen,
  nullOr,
  oneOf,
  positive,
  text,
} from './values.ts';

export const worker = section('captcha worker.', {
  concurrency: key(
    'Number of concurrent tasks; auto adapts to the threads of the account.',
    autoOr(integer(1)),
    'auto',
  ),
  healthHost: key('Address that the health endpoint listens on.', text('a host name or address'), '127.0.0.1'),
  healthPort: key('Port that the health endpoint listens on; 0 means any free port.', integer(0, 65_535), 8080),
  drainTimeout: inMs(key('How long to wait for running tasks on shutdown.', duration('0ms'), '100s')),
  exitWhenIdle: inMs(key('Exit after being idle for this long. Null: never.', nullOr(duration()), null)),
});

const degrees = (most: number) => {
  const message = mustBe(`a number of degrees from -${most} to ${most}`);
  return v.pipe(v.number(message), v.minValue(-most, message), v.maxValue(most, message));
};

const parameterValue = mustBeUnseen('a string, a number, true or false');

/** Sent as text, since the wire knows nothing else. */
const parameters = mapOf(
  v.pipe(
    text('a parameter name'),
    v.check((name) => !reservedParameters.has(name), 'is set by captcha and cannot be a region parameter'),
  ),
  v.union(
    [
      v.string(),
      v.pipe(v.number(), v.transform(String)),
      v.pipe(
        v.boolean(),
        v.transform((isSet) => (isSet ? '1' : '0')),
      ),
    ],
    parameterValue,
  ),
);

const region = shape({
  name: requiredKey('Name of the region in routes, flags and reports.', text('a region name')),
  location: bareKey(
    'Latitude and longitude in degrees, for regions whose name is not a known cloud region.',
    v.strictTuple([degrees(90), degrees(180)], mustBe('[latitude, longitude] in degrees')),
  ),
  health: bareKey('URL of the health endpoint of its workers.', httpUrl()),
  queue: bareKey('Task queue of the region: sqs://NAME, a Redis URL, or memory:.', queueUrl()),
  weight: key('Capacity factor, used if the number of workers is unknown.', positive(), 1),
  residency: bareKey('Residency group. Failover stays inside the group.', text('the name of a residency group')),
  params: key('Protocol parameters added to every task of the region, such as a proxy.', parameters, {}),
});

export const regions = key('Regions in which tasks are solved.', listOf('regions', region), []);

const rule = shape({
  match: requiredKey(
    'A host, a suffix such as *.example.com or .co.uk, or a host with a path prefix.',
    text('a host pattern'),
  ),
  region: requiredKey('Region for matching URLs.', text('a region name')),
  residency: bareKey('strict: the task stays in the residency group of the region.', oneOf('strict')),
});

export const routes = section('Routing of tasks to regions.', {
  default: key('Region of URLs without a matching rule. Null: none.', nullOr(text('a region name')), null),
  countries: key('Routes country-code domains to the nearest region.', flag(), true),
  rules: key('Routing rules. The most specific rule wins; the order does not matter.', listOf('rules', rule), []),
});

export const results = key(
  'URL of the central results queue. Null: database 9 of the Redis of all task queues, if they share one; else none.',
  nullOr(queueUrl()),
  null,
);

export const fleet = section('State shared by all hosts.', {
  state: key('URL of the Redis with the shared state. Null: none.', nullOr(redisUrl()), null),
});

export const health = section('Health checks of the regions.', {
  interval: inMs(key('Time between two probes of a region.', duration('100ms'), '60s')),
  timeout: inMs(key('Timeout of a probe.', duration(), '5s')),
  fall: key('Consecutive failed probes after which a region is unhealthy.', integer(1), 3),
  rise: key('Consecutive successful probes after which it is healthy again.', integer(1), 2),
});

export const failover = section('Failover of tasks of unhealthy regions.', {
  strategy: key(
    'spread: distribute tasks by free capacity; lowest-depth: send all tasks to the shortest queue.',
    oneOf('spread', 'lowest-depth'),
    'spread',
  ),
  onAllDown: key(
    'If no region is serving: hold the tasks, or send them to their own region anyway.',
    oneOf('hold', 'home'),
    'hold',
  ),
  ramp: inMs(
    key(
      'How long a recovered region takes to get back its full share. Null: immediately.',
      nullOr(duration('0ms')),
      '60s',
    ),
  ),
});
