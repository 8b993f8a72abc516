import { dirname, resolve } from 'node:path';
import * as v from 'valibot';
import { closestName } from '../domain/closest-name.ts';
import { UsageError } from '../domain/errors.ts';
import type { Result } from '../domain/result.ts';
import { knownErrorCodes } from '../protocol/error-codes.ts';
import { knownMethods } from '../protocol/methods.ts';
import { type ApiKeySource, apiKeySource } from './api-key.ts';
import { type ConfigProblem, crossProblems, foundFileProblems, problemsOf } from './cross-checks.ts';
import { type ConfigFile, type ConfigSearch, findConfigFiles, unreadConfigFiles } from './find-config-file.ts';
import { derivedResults } from './results-place.ts';
import { type Config, configSchema } from './schema.ts';
import { applyOverrides, environmentOverrides, type Override, settingLeaves } from './settings.ts';

/** Other vendors have names of their own, so an unknown one is only worth a word where it looks mistyped. */
function mistyped(path: string, written: readonly string[], known: readonly string[]): readonly string[] {
  return written.flatMap((name) => {
    const meant = known.includes(name) ? null : closestName(name, known);
    return meant === null ? [] : [`${path}.${name} is unknown; did you mean ${meant}?`];
  });
}

/** What in a valid configuration is probably a mistake; `unread` are files that look like configuration. */
function configWarnings(config: Config, unread: readonly string[]): readonly string[] {
  const codes = knownErrorCodes().map(({ code }) => code);
  return [
    ...unread.map((name) => `${name} is ignored: use a data file, captcha.config.json or .yaml`),
    ...mistyped('errors', Object.keys(config.errors), codes),
    ...mistyped('polling.methods', Object.keys(config.polling.methods), knownMethods()),
  ];
}

/** Freezes a plain value and everything in it, and returns it. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}

export type { Override } from './settings.ts';

export interface ConfigRequest extends ConfigSearch {
  /** What flags say, later ones over earlier ones. */
  readonly overrides: readonly Override[];
}

/** One key in effect and where it came from. */
export interface EffectiveSetting {
  readonly path: string;
  /** As written, such as `5s`. It may hold a password: mask it before it is shown. */
  readonly value: unknown;
  /** `default`, a file's path, a variable or a flag. */
  readonly from: string;
}

export interface LoadedConfig {
  /** Complete, valid and deep-frozen. */
  readonly config: Config;
  readonly settings: readonly EffectiveSetting[];
  /** `found`: it was neither named nor the user's own, so that it could not say where the key goes. */
  readonly file: { readonly path: string; readonly found: boolean } | null;
  /** The user's own file, whose policy holds together with a `found` one; null for none. */
  readonly ownFile: string | null;
  /** Where the API key is read from; null where none is set. */
  readonly keySource: ApiKeySource | null;
  /** Warnings about probable mistakes. */
  readonly warnings: readonly string[];
}

/** Where each key's value comes from, and the content that results. */
interface Layers {
  readonly file: ConfigFile | null;
  readonly overrides: readonly Override[];
  readonly written: unknown;
}

function valueAt(content: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (inner, name) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : undefined),
      content,
    );
}

/** The flag, variable or file that a path was written in. */
function sourceOf(path: string, { file, overrides }: Layers): string {
  const within = (outer: string) => path === outer || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);
  return overrides.findLast((override) => within(override.path))?.from ?? file?.path ?? 'default';
}

function effectiveSettings(layers: Layers): readonly EffectiveSetting[] {
  return settingLeaves().map(({ path, fallback }) => {
    const value = valueAt(layers.written, path);
    return value === undefined
      ? { path, value: fallback, from: 'default' }
      : { path, value, from: sourceOf(path, layers) };
  });
}

function refuse(problems: readonly ConfigProblem[], layers: Layers): never {
  const lines = problems.map(({ path, problem, from = sourceOf(path, layers) }) => {
    const name = path === '' ? 'the file' : path;
    return `  ${name} (${from}): ${problem}`;
  });
  const details = problems.map(({ path, problem, from = sourceOf(path, layers) }) => ({ path, from, problem }));
  const hint = problems.some(({ path }) => path === '') ? 'Write {} for an empty configuration.' : undefined;
  throw new UsageError(['the configuration is not valid:', ...new Set(lines)].join('\n'), hint, details);
}

/** The key file and the key command are relative to their config file, not to the working directory. */
function placeKeySources(config: Config, { file }: Layers): Config {
  if (file === null) return config;
  const { keyFile, keyCommand } = config.api;
  const folder = dirname(file.path);
  const placed = {
    keyFile: keyFile === null ? null : resolve(folder, keyFile),
    keyCommand: keyCommand === null ? null : { ...keyCommand, folder },
  };
  return { ...config, api: { ...config.api, ...placed } };
}

type Policy = Pick<Config['policy'], 'allow' | 'deny'>;

/** The policy of the user's own file; `path` is that file, null for none. */
interface OwnPolicy extends Policy {
  readonly path: string | null;
}

/** Reads all of the file: a mistyped `policy` must not make it hold no longer. */
function readOwnPolicy(own: ConfigFile | null): Result<OwnPolicy, readonly ConfigProblem[]> {
  if (own === null) return { value: { path: null, allow: [], deny: [] } };
  const parsed = v.safeParse(configSchema, own.content);
  if (parsed.success) return { value: { path: own.path, ...parsed.output.policy } };
  return { error: problemsOf(parsed.issues).map((problem) => ({ ...problem, from: own.path })) };
}

/** A project file cannot lift what the user's own file denies, nor allow what it does not allow. */
function withOwnPolicy(config: Config, { allow, deny }: Policy): Config {
  const isFree = config.policy.allow.length === 0;
  const policy = {
    allow: isFree ? allow : config.policy.allow,
    deny: [...new Set([...config.policy.deny, ...deny])],
    ...(!isFree && allow.length > 0 && { ownAllow: allow }),
  };
  return { ...config, policy };
}

/** Only files set limits. Those of a found file must not bind processes that do not use it. */
function withLimitSource(config: Config, file: ConfigFile | null): Config {
  const { submissions, labels } = config.limits;
  const isLimited = submissions.length + Object.keys(labels).length > 0;
  if (file === null || !isLimited) return config;
  return { ...config, limits: { ...config.limits, source: { file: file.path, isFound: file.origin === 'found' } } };
}

/** What `config show` says of the lists of the policy, each with its file: one entry per file that adds to it. */
function policySettings(setting: EffectiveSetting, own: OwnPolicy): readonly EffectiveSetting[] {
  const list = setting.path === 'policy.allow' ? own.allow : setting.path === 'policy.deny' ? own.deny : [];
  if (own.path === null || list.length === 0) return [setting];
  const ofOwn = { path: setting.path, value: list, from: own.path };
  return Array.isArray(setting.value) && setting.value.length > 0 ? [setting, ofOwn] : [ofOwn];
}

/**
 * The configuration in effect: flags over environment over config file over fallbacks. Throws one `UsageError` that
 * names everything wrong at once, each by its path and the flag, variable or file that says so.
 */
export async function loadConfig(request: ConfigRequest): Promise<LoadedConfig> {
  const { file, own } = await findConfigFiles(request);
  const overrides = [...environmentOverrides(request.env), ...request.overrides];
  const layers: Layers = { file, overrides, written: applyOverrides(file === null ? {} : file.content, overrides) };
  const parsed = v.safeParse(configSchema, layers.written);
  const refused = file === null ? [] : foundFileProblems(file);
  const ownPolicy = readOwnPolicy(own);
  const problems = [
    ...refused,
    ...problemsOf(parsed.issues ?? []),
    ...crossProblems(layers.written),
    ...('error' in ownPolicy ? ownPolicy.error : []),
  ];
  if (!parsed.success || 'error' in ownPolicy || problems.length > 0) refuse(problems, layers);
  const derived = derivedResults(parsed.output, request.env);
  const complete = derived === null ? parsed.output : { ...parsed.output, results: derived.url };
  const config = deepFreeze(withLimitSource(withOwnPolicy(placeKeySources(complete, layers), ownPolicy.value), file));
  return {
    config,
    settings: effectiveSettings(layers)
      .map((setting) =>
        derived !== null && setting.path === 'results'
          ? { ...setting, value: derived.url, from: derived.from }
          : setting,
      )
      .flatMap((setting) => policySettings(setting, ownPolicy.value)),
    ownFile: own?.path ?? null,
    file: file === null ? null : { path: file.path, found: file.origin === 'found' },
    keySource: apiKeySource(config, request.env),
    warnings: configWarnings(config, unreadConfigFiles(request.cwd)),
  };
}
