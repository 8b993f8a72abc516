import * as v from 'valibot';
import { configSchema } from './schema.ts';
import type { Setting } from './schema/values.ts';

/** A key that has no keys of its own. */
export interface Leaf {
  /** Such as `solve.timeout`. */
  readonly path: string;
  readonly setting: Setting<unknown>;
  /** As a file would say it. */
  readonly fallback: unknown;
}

/** The parts of a schema that its shape is read from. */
type Node = Setting<unknown> & {
  readonly entries?: Readonly<Record<string, Node>>;
  readonly wrapped?: Node;
  readonly default?: unknown;
};

function keysOf(node: Node): Readonly<Record<string, Node>> | null {
  return node.entries ?? (node.wrapped === undefined ? null : keysOf(node.wrapped));
}

function leavesUnder(path: string, node: Node): readonly Leaf[] {
  const keys = keysOf(node);
  if (keys === null) return [{ path, setting: node, fallback: node.default }];
  return Object.entries(keys).flatMap(([name, inner]) => leavesUnder(path === '' ? name : `${path}.${name}`, inner));
}

/** Every key that can be set, in the schema's order; lists and maps are one key each. */
export function settingLeaves(): readonly Leaf[] {
  return leavesUnder('', configSchema);
}

/** One key, set by a flag or a variable. */
export interface Override {
  /** Such as `solve.timeout`. */
  readonly path: string;
  /** As written; the text of a number, `null`, `true` or `false` is read as such where the key wants it. */
  readonly value: unknown;
  /** The flag or variable, for messages: `--timeout`. */
  readonly from: string;
}

type Json = Record<string, unknown>;

const literals: Readonly<Record<string, unknown>> = { null: null, true: true, false: false };

/** What a text may stand for, itself first. */
function readings(text: string): readonly unknown[] {
  if (Object.hasOwn(literals, text)) return [text, literals[text]];
  return /^-?\d+(\.\d+)?$/.test(text) ? [text, Number(text)] : [text];
}

function coerce(setting: Setting<unknown>, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const [fitting = value] = readings(value).filter((reading) => v.is(setting, reading));
  return fitting;
}

function withValue(content: unknown, names: readonly string[], value: unknown): unknown {
  const [name, ...rest] = names;
  if (name === undefined) return value;
  // What is not an object stays, and is reported as such.
  if (content !== undefined && (typeof content !== 'object' || content === null || Array.isArray(content)))
    return content;
  const object = (content ?? {}) as Json;
  return { ...object, [name]: withValue(object[name], rest, value) };
}

/** A config file's content with keys set over it, in order. */
export function applyOverrides(content: unknown, overrides: readonly Override[]): unknown {
  const settings = new Map(settingLeaves().map(({ path, setting }) => [path, setting]));
  return overrides.reduce((written, { path, value, from }) => {
    const setting = settings.get(path);
    if (setting === undefined) throw new Error(`${from} sets ${path}, which is not a config key`);
    return withValue(written, path.split('.'), coerce(setting, value));
  }, content);
}

const variables: Readonly<Record<string, string>> = { CAPTCHAAI_BASE_URL: 'api.baseUrl', RESULT_QUEUE_URL: 'results' };

/** The keys that the environment sets. An empty one is judged too: a script that failed to fill it means no default. */
export function environmentOverrides(env: NodeJS.ProcessEnv): readonly Override[] {
  return Object.entries(variables).flatMap(([from, path]) => {
    const value = env[from];
    return value === undefined ? [] : [{ path, value, from }];
  });
}
