import * as v from 'valibot';
import { closestName } from '../../domain/closest-name.ts';
import { type Message, mustBe, neverList, refuseKeys, type Setting } from './values.ts';

/** Names under which people try to write the key itself. */
const keyItself = /^(api[-_]?)?key$/i;

/** The error for an unknown key, given the known names. */
function unknownKeyProblem(name: string, known: readonly string[]): string {
  if (keyItself.test(name) && known.includes('keyFile')) {
    return 'unknown key: a config file must not contain the API key; set CAPTCHAAI_API_KEY, or set api.keyFile to a file';
  }
  const meant = closestName(name, known);
  return meant === null ? `unknown key; known keys: ${known.join(', ')}` : `unknown key; did you mean ${meant}?`;
}

/** Marks a key that is a length of time, whose name in `Config` therefore ends in `Ms`. */
interface InMs {
  readonly inMs: true;
}

type Keys = Readonly<Record<string, Setting<unknown>>>;

type ConfigShape<Entries extends Keys> = {
  readonly [Name in keyof Entries & string as Entries[Name] extends InMs ? `${Name}Ms` : Name]: v.InferOutput<
    Entries[Name]
  >;
};

/** A key with its description and its default as a file would write it. */
export function key<T>(about: string, value: Setting<T>, fallback: unknown): Setting<T> {
  return v.pipe(v.optional(value, fallback), v.description(about)) as Setting<T>;
}

/** A key that is null in `Config` by default. */
export function bareKey<T>(about: string, value: Setting<T>): Setting<T | null> {
  return v.pipe(v.optional(value), v.description(about)) as Setting<T | null>;
}

/** A key without which its object means nothing. */
export function requiredKey<T>(about: string, value: Setting<T>): Setting<T> {
  return v.pipe(value, v.description(about));
}

/** Names a key that is a length of time `…Ms` in `Config`. */
export function inMs<T>(value: Setting<T>): Setting<T> & InMs {
  return Object.assign(value, { inMs: true as const });
}

/** A text of this length in place of an object may be the API key itself. */
const secretLength = 12;

const objectMessage: Message = ({ input, path }) => {
  if (path !== undefined) return 'is required';
  return String(input).length >= secretLength && typeof input !== 'object'
    ? 'must be an object, not a text (which is not shown, because it may be a key)'
    : mustBe('an object')({ input });
};

/** Reports every key that is not in `names`; valibot's own strict object stops at the first. */
function refuseUnknown<Schema extends v.GenericSchema>(schema: Schema, names: readonly string[]): Schema {
  return refuseKeys(schema, (name) => (names.includes(name) ? null : unknownKeyProblem(name, names)));
}

/** An object of a config file, which takes these keys and no other. */
export function shape<Entries extends Keys>(entries: Entries): Setting<ConfigShape<Entries>> {
  const keys: Keys = entries;
  const names = Object.entries(keys).map(([name, value]) => [name, 'inMs' in value ? `${name}Ms` : name] as const);
  return v.pipe(
    refuseUnknown(neverList(v.looseObject(keys, objectMessage), objectMessage), Object.keys(keys)),
    v.transform((file) => Object.fromEntries(names.map(([written, named]) => [named, file[written] ?? null]))),
  ) as Setting<unknown> as Setting<ConfigShape<Entries>>;
}

/** A key that is an object, in which every key has its own fallback. */
export function section<Entries extends Keys>(about: string, entries: Entries): Setting<ConfigShape<Entries>> {
  return key(about, shape(entries), {});
}
