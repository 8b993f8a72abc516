import * as v from 'valibot';
import { readRedisUrl } from '../../domain/redis-url.ts';
import { readSqsUrl } from '../../domain/sqs-url.ts';
import { anyOf, mustBeUnseen, oneOf, type Setting } from './values.ts';

function url(what: string, pattern: RegExp): Setting<string> {
  const message = mustBeUnseen(what);
  return v.pipe(
    v.string(message),
    v.regex(pattern, message),
    v.check((written) => URL.canParse(written), message),
  );
}

/** Adds what the openers of queues would refuse. No URL is shown: it may hold a password. */
function openable(setting: Setting<string>): Setting<string> {
  return v.pipe(
    setting,
    v.rawCheck(({ dataset, addIssue }) => {
      const problem = dataset.typed ? addressProblem(dataset.value) : null;
      if (problem !== null) addIssue({ message: problem });
    }),
  );
}

/** A cloud region is needed to use the URL, but the environment may give it. */
const anyRegion = { AWS_REGION: 'any' };

function addressProblem(written: string): string | null {
  if (/^rediss?:/.test(written)) {
    const read = readRedisUrl(written);
    return 'error' in read ? read.error : null;
  }
  if (!written.startsWith('sqs:')) return null;
  const read = readSqsUrl(written, null, anyRegion);
  return 'error' in read ? read.error : null;
}

/** A Redis server and database. It may hold a password. */
export function redisUrl(): Setting<string> {
  return openable(url('a redis:// or rediss:// URL', /^rediss?:\/\/\S+$/));
}

/** A queue: SQS by name, Redis by URL, or one inside the process. It may hold a password. */
export function queueUrl(): Setting<string> {
  return openable(
    url('a queue: sqs://NAME, a redis:// or rediss:// URL, or memory:', /^((sqs|rediss?):\/\/\S+|memory:\S*)$/),
  );
}

/** A page that answers over HTTP. */
export function httpUrl(): Setting<string> {
  return url('an http:// or https:// URL', /^https?:\/\/\S+$/);
}

const notABaseUrl = 'an http:// or https:// URL without user, password, query or fragment';

function isBaseUrl(written: string): boolean {
  const { username, password } = new URL(written);
  return username === '' && password === '' && !/[?#]/.test(written);
}

/** The service's address, with or without a path, as text that never ends in a slash. */
export function baseUrl(): Setting<string> {
  const message = mustBeUnseen(notABaseUrl);
  return v.pipe(
    v.string(message),
    v.regex(/^https?:\/\/[^\s?#]+$/, message),
    v.check((written) => URL.canParse(written) && isBaseUrl(written), message),
    v.check(
      (written) => !/\/(in|res|solve)\.php\/*$/i.test(written),
      mustBeUnseen('the base URL of the service, without /in.php at its end'),
    ),
    v.transform((written) => new URL(written).href.replace(/\/+$/, '')),
  );
}

/** What runs the retry budget: this process, every process of this machine, or all that share a Redis. */
export function budgetScope(): Setting<string> {
  return anyOf([oneOf('process', 'host'), redisUrl()], mustBeUnseen('process, host, or a redis:// or rediss:// URL'));
}
