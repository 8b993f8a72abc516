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
  concurrency: key('Tasks in work at once; auto follows the threads of the account.', autoOr(integer(1)), 'auto'),
  healthHost: key('The address that the health endpoint listens on.', text('a host name or address'), '127.0.0.1'),
  healthPort: key('The port that the health endpoint listens on; 0 takes a free one.', integer(0, 65_535), 8080),
  drainTimeout: inMs(key('How long a stopping worker may finish what it holds.', duration('0ms'), '100s')),
  exitWhenIdle: inMs(key('End after this long without a task. Null: never.', nullOr(duration()), null)),
});

const degrees = (most: number) => {
  const message = mustBe(`a number of degrees from -${most} to ${most}`);
  return v.pipe(v.number(message), v.minValue(-most, message), v.maxValue(most, message));
};

const parameterValue = mustBeUnseen('a text, a number, or true or false');

/** Sent as text, since the wire knows nothing else. */
const parameters = mapOf(
  v.pipe(
    text('a parameter name'),
    v.check((name) => !reservedParameters.has(name), 'is set by the program itself and cannot be a parameter'),
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
  name: requiredKey('The name that routes, flags and reports use.', text('a region name')),
  location: bareKey(
    'Latitude and longitude in degrees, for regions whose name is not a known cloud region.',
    v.strictTuple([degrees(90), degrees(180)], mustBe('[latitude, longitude] in degrees')),
  ),
  health: bareKey('The health endpoint of its workers.', httpUrl()),
  queue: bareKey('The queue of its tasks: sqs://NAME, a Redis URL, or memory:.', queueUrl()),
  weight: key('Multiplies its capacity where the number of workers is unknown.', positive(), 1),
  residency: bareKey('Its residency group: failover never leaves it.', text('the name of a residency group')),
  params: key('Protocol parameters added to every task of the region, such as a proxy.', parameters, {}),
});

export const regions = key('Where tasks may be solved.', listOf('regions', region), []);

const rule = shape({
  match: requiredKey(
    'A host, a suffix such as *.example.com or .co.uk, or a host with a path prefix.',
    text('a host pattern'),
  ),
  region: requiredKey('The region that takes what matches.', text('a region name')),
  residency: bareKey("strict: never leaves the region's residency group.", oneOf('strict')),
});

export const routes = section('Which region takes a task.', {
  default: key('The region of what no rule matches. Null: none.', nullOr(text('a region name')), null),
  countries: key('Country-code domains go to the nearest region.', flag(), true),
  rules: key('The most specific rule wins, whatever their order.', listOf('rules', rule), []),
});

export const results = key('The central results queue. Null: none.', nullOr(queueUrl()), null);

export const fleet = section('What all hosts share.', {
  state: key('The Redis that holds shared state. Null: none.', nullOr(redisUrl()), null),
});

export const health = section('How regions are watched.', {
  interval: inMs(key('Between two probes of a region.', duration('100ms'), '60s')),
  timeout: inMs(key('The longest that a probe may take.', duration(), '5s')),
  fall: key('Failed probes in a row that make a region unhealthy.', integer(1), 3),
  rise: key('Good probes in a row that make it healthy again.', integer(1), 2),
});

export const failover = section('What happens to the tasks of an unhealthy region.', {
  strategy: key(
    'spread shares them by free capacity; lowest-depth gives all to the shortest queue.',
    oneOf('spread', 'lowest-depth'),
    'spread',
  ),
  onAllDown: key(
    'With no region serving: hold the tasks, or send them to their own region all the same.',
    oneOf('hold', 'home'),
    'hold',
  ),
  ramp: inMs(
    key('How long a region that came back takes to get its full share. Null: at once.', nullOr(duration('0ms')), '60s'),
  ),
});
