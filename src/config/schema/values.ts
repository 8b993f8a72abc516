import * as v from 'valibot';
import { parseDuration } from '../../domain/duration.ts';
import { isObject } from '../../domain/json.ts';
import { labelPattern } from '../../domain/label.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';

const maxShown = 60;
/** A key of CaptchaAI. */
const likeApiKey = /\b[\da-f]{32}\b/gi;

/** A value as an error message may show it: short, on one line, without passwords. */
export function shownValue(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const written = typeof value === 'string' ? JSON.stringify(maskSecrets(value)) : String(value);
  const text = written.replace(likeApiKey, '***');
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
}

/** Reads what a file says into a T. */
export type Setting<T> = v.GenericSchema<unknown, T>;

/** Says what is wrong with a value; `path` is set where the value is missing from an object. */
export type Message = (issue: { readonly input: unknown; readonly path?: unknown }) => string;

/** Beyond this a Node timer fires at once: 2^31 - 1 ms. */
const maxMs = 2_147_483_647;

/** The message of a value that is not `what`; it shows the value, so never use it where a secret may stand. */
export function mustBe(what: string): Message {
  return ({ input }) => `must be ${what}, not ${shownValue(input)}`;
}

/** The message of a value that may hold a secret: says what is wanted and shows nothing. */
export function mustBeUnseen(what: string): Message {
  return () => `must be ${what}`;
}

/** A text that is not empty, has no surrounding blanks and no control characters. */
export function text(what: string, message: Message = mustBe(what)): Setting<string> {
  return v.pipe(v.string(message), v.regex(/^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$/, message));
}

/** The name that `--label` gives to submissions. */
export function labelName(): Setting<string> {
  const message = mustBe('a label of at most 64 letters, digits, dots, dashes and underscores');
  return v.pipe(v.string(message), v.regex(labelPattern, message));
}

/** A whole number in [least, most]. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Setting<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const message = mustBe(`a whole number ${range}`);
  return v.pipe(v.number(message), v.integer(message), v.minValue(min, message), v.maxValue(max, message));
}

/** A share in [0, 1]. */
export function ratio(): Setting<number> {
  const message = mustBe('a ratio from 0 to 1');
  return v.pipe(v.number(message), v.minValue(0, message), v.maxValue(1, message));
}

/** A finite number that is not negative. */
export function amount(): Setting<number> {
  const message = mustBe('a number of at least 0');
  return v.pipe(v.number(message), v.finite(message), v.minValue(0, message));
}

/** A finite number above 0. */
export function positive(): Setting<number> {
  const message = mustBe('a number above 0');
  return v.pipe(v.number(message), v.finite(message), v.gtValue(0, message));
}

/** One of a few words. */
export function oneOf<const Words extends readonly string[]>(...words: Words): Setting<Words[number]> {
  return v.picklist(words, mustBe(`one of ${words.join(', ')}`));
}

/** Yes or no. */
export function flag(): Setting<boolean> {
  return v.boolean(mustBe('true or false'));
}

/** A schema of objects that refuses lists, which valibot takes for objects. */
export function neverList<Schema extends v.GenericSchema>(schema: Schema, message: Message): Schema {
  const check = v.check((value: unknown) => !Array.isArray(value), message);
  const run: Schema['~run'] = (dataset, config) => {
    if (!Array.isArray(dataset.value)) return schema['~run'](dataset, config);
    return check['~run']({ typed: true, value: dataset.value }, config);
  };
  return { ...schema, '~run': run };
}

/**
 * A schema that also refuses the keys of an object for which `problemOf` gives a problem. It reads the keys as written:
 * valibot drops `__proto__`, `prototype` and `constructor` before any check of its own.
 */
export function refuseKeys<Schema extends v.GenericSchema>(
  schema: Schema,
  problemOf: (name: string) => string | null,
): Schema {
  const check = v.rawCheck<unknown>(({ dataset, addIssue }) => {
    const input = dataset.value;
    if (!isObject(input)) return;
    for (const name of Object.keys(input)) {
      const message = problemOf(name);
      const path = [{ type: 'object', origin: 'key', input, key: name, value: input[name] }] as const;
      if (message !== null) addIssue({ message, path: [...path] });
    }
  });
  const run: Schema['~run'] = (dataset, config) => {
    const { issues = [] } = check['~run']({ typed: true, value: dataset.value }, config);
    const result = schema['~run'](dataset, config);
    const all = [...(result.issues ?? []), ...issues];
    const [first, ...rest] = all;
    return first === undefined ? result : { ...result, typed: false, issues: [first, ...rest] };
  };
  return { ...schema, '~run': run };
}

const droppedNames: readonly string[] = ['__proto__', 'prototype', 'constructor'];
const droppedProblem = (name: string): string | null =>
  droppedNames.includes(name) ? 'cannot be used as a name' : null;

const notADuration = mustBe('a duration such as 250ms, 5s, 2m or 1h');

function durationMessage(min: string, minMs: number): Message {
  return ({ input }) => {
    const written = typeof input === 'number' ? String(input) : input;
    if (typeof written !== 'string') return notADuration({ input });
    const meant = /^\d+(\.\d+)?$/.test(written) ? `${written}s` : written;
    const ms = parseDuration(meant);
    if (ms === null) return notADuration({ input });
    if (ms > maxMs) return 'must be at most 596h';
    return ms < minMs ? `must be at least ${min}` : `${written} is not a duration: did you mean ${meant}?`;
  };
}

/** A length of time, written `250ms`, `5s`, `2m` or `1h`, as ms; no shorter than `least`. */
export function duration(min = '1ms'): Setting<number> {
  const minMs = parseDuration(min) ?? 0;
  const message = durationMessage(min, minMs);
  const inRange = (ms: number | null): boolean => ms !== null && ms >= minMs && ms <= maxMs;
  return v.pipe(
    v.string(message),
    v.regex(/^\d+(\.\d+)?(ms|s|m|h)$/, message),
    v.check((written) => inRange(parseDuration(written)), message),
    v.transform((written) => parseDuration(written) ?? 0),
  );
}

/**
 * What any of the settings takes. valibot reports a text of the wrong form by that form alone; the transformation makes
 * it count as no text, so that `message` speaks for all.
 */
export function anyOf<T>(values: readonly Setting<T>[], message: Message): Setting<T> {
  return v.union(
    values.map((value) =>
      v.pipe(
        value,
        v.transform((read) => read),
      ),
    ),
    message,
  );
}

function withWord<T>(word: string, value: Setting<T>): Message {
  return ({ input }) => `${v.safeParse(value, input).issues?.[0].message ?? 'is not valid'} (or ${word})`;
}

/** `auto`, or what `value` takes. */
export function autoOr<T>(value: Setting<T>): Setting<T | 'auto'> {
  return anyOf<T | 'auto'>([v.literal('auto'), value], withWord('auto', value));
}

/** Null where a rule is switched off, or what `value` takes. */
export function nullOr<T>(value: Setting<T>): Setting<T | null> {
  return anyOf<T | null>([v.null(), value], withWord('null', value));
}

/** A list of what `item` takes. */
export function listOf<T>(what: string, item: Setting<T>): Setting<T[]> {
  return v.array(item, mustBe(`a list of ${what}`));
}

/** An object whose keys the user chooses; `name` validates each key. */
export function mapOf<T>(name: Setting<string>, value: Setting<T>): Setting<Record<string, T>> {
  const message = mustBe('an object');
  return refuseKeys(neverList(v.record(name as v.GenericSchema<string>, value, message), message), droppedProblem);
}
