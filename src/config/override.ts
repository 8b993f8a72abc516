import * as v from 'valibot';
import type { Setting } from './schema/values.ts';
import { settingLeaves } from './setting-tree.ts';

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
