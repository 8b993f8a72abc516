import * as v from 'valibot';
import { anyOf, mustBeUnseen, oneOf, type Setting } from './values.ts';

function url(what: string, pattern: RegExp): Setting<string> {
  const message = mustBeUnseen(what);
  return v.pipe(
    v.string(message),
    v.regex(pattern, message),
    v.check((written) => URL.canParse(written), message),
  );
}

/** A Redis server and database. It may hold a password. */
export function redisUrl(): Setting<string> {
  return url('a redis:// or rediss:// URL', /^rediss?:\/\/\S+$/);
}

/** A queue: SQS by name, Redis by URL, or one inside the process. It may hold a password. */
export function queueUrl(): Setting<string> {
  return url('a queue: sqs://NAME, a redis:// or rediss:// URL, or memory:', /^((sqs|rediss?):\/\/\S+|memory:\S*)$/);
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
