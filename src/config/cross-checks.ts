import type * as v from 'valibot';
import { closestName } from '../domain/closest-name.ts';
import { parseHostPattern } from '../domain/host-pattern.ts';
import { isLoopback } from '../domain/loopback.ts';
import type { Result } from '../domain/result.ts';
import type { ConfigFile } from './find-config-file.ts';
import { shownValue } from './schema/values.ts';

/** Something wrong in a configuration. */
export interface ConfigProblem {
  /** In notation such as `regions[0].name`; empty for the whole file. */
  readonly path: string;
  /** What is wrong, following the path and a colon. */
  readonly problem: string;
  /** The file that says so, where it may not be the one whose value is in effect. */
  readonly from?: string;
}

/** A key of CaptchaAI where a name should be: `api: {KEY}` in YAML. */
const looksLikeKey = /^[\da-f]{32}$/i;
const shownName = (name: unknown): string => String(name).replace(looksLikeKey, '***');

function pathText(names: readonly unknown[]): string {
  const joined = names.map((name) => (typeof name === 'number' ? `[${name}]` : `.${shownName(name)}`)).join('');
  return joined.replace(/^\./, '');
}

/** The problems that a schema found, at most one for each path. */
export function problemsOf(issues: readonly v.BaseIssue<unknown>[]): readonly ConfigProblem[] {
  const byPath = new Map<string, ConfigProblem>();
  for (const { path: names, message } of issues) {
    const path = pathText(names?.map(({ key }) => key) ?? []);
    if (!byPath.has(path)) byPath.set(path, { path, problem: message });
  }
  return [...byPath.values()];
}

/** The one spelling of what a rule matches, or what is wrong with it. */
function readMatch(match: string): Result<string, string> {
  const parsed = parseHostPattern(match);
  if ('error' in parsed) return parsed;
  const { scope, canonical } = parsed.value;
  return scope === 'all' ? { error: 'matches every host: set routes.default instead' } : { value: canonical };
}

/**
 * Rules of `routes.rules`, by what they match, that are no host pattern or mean the same pages as an earlier one.
 * What is no text is passed over. No text is shown: a password may stand in it.
 */
function ruleProblems(matches: readonly unknown[]): readonly ConfigProblem[] {
  const first = new Map<string, number>();
  return matches.flatMap((match, index) => {
    if (typeof match !== 'string') return [];
    const path = `routes.rules[${index}].match`;
    const read = readMatch(match);
    if ('error' in read) return [{ path, problem: read.error }];
    const earlier = first.get(read.value);
    if (earlier === undefined) first.set(read.value, index);
    return earlier === undefined
      ? []
      : [{ path, problem: `is equivalent to routes.rules[${earlier}].match: ${read.value}` }];
  });
}

type Json = Readonly<Record<string, unknown>>;

/** What stands under a key, as far as it has the right form: other checks report what has not. */
const objectAt = (value: unknown, key: string): Json => {
  const inner = asObject(value)[key];
  return asObject(inner);
};
const asObject = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const listAt = (value: unknown, key: string): readonly unknown[] => {
  const inner = asObject(value)[key];
  return Array.isArray(inner) ? inner : [];
};

function regionNames(written: unknown): readonly unknown[] {
  return listAt(written, 'regions').map((region) => asObject(region)['name']);
}

/** Names that two regions share. */
function duplicateRegions(written: unknown): readonly ConfigProblem[] {
  const names = regionNames(written);
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    if (typeof name !== 'string' || first === index) return [];
    return [{ path: `regions[${index}].name`, problem: `is also the name of regions[${first}]` }];
  });
}

/** Routes to regions that are not configured; nothing where no regions are. */
function unknownRegions(written: unknown): readonly ConfigProblem[] {
  const known = regionNames(written).filter((name) => typeof name === 'string');
  if (known.length === 0) return [];
  const routes = objectAt(written, 'routes');
  const uses = [
    { path: 'routes.default', name: routes['default'] },
    ...listAt(routes, 'rules').map((rule, index) => ({
      path: `routes.rules[${index}].region`,
      name: asObject(rule)['region'],
    })),
  ];
  return uses.flatMap(({ path, name }) => {
    if (typeof name !== 'string' || known.includes(name)) return [];
    const meant = closestName(name, known);
    const advice = meant === null ? `known: ${[...new Set(known)].join(', ')}` : `did you mean ${meant}?`;
    return [{ path, problem: `unknown region ${shownValue(name)}; ${advice}` }];
  });
}

/** A base URL that would carry the key in the clear over a network. */
function openHttp(written: unknown): readonly ConfigProblem[] {
  const { baseUrl, allowHttp } = objectAt(written, 'api');
  const url = typeof baseUrl === 'string' && URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (url?.protocol !== 'http:' || isLoopback(url) || allowHttp === true) return [];
  return [
    { path: 'api.baseUrl', problem: 'http:// would send the API key unencrypted; use https://, or set api.allowHttp' },
  ];
}

/** More limits would make the state that all processes read large. */
const maxLimits = 24;

function tooManyLimits(written: unknown): readonly ConfigProblem[] {
  const limits = objectAt(written, 'limits');
  const labels = objectAt(limits, 'labels');
  const lists = [listAt(limits, 'submissions'), ...Object.keys(labels).map((label) => listAt(labels, label))];
  const count = lists.flat().length;
  return count > maxLimits ? [{ path: 'limits', problem: `has ${count} limits; the maximum is ${maxLimits}` }] : [];
}

/** What must hold between the keys of a configuration, as written. Values of a wrong form are passed over. */
export function crossProblems(written: unknown): readonly ConfigProblem[] {
  const matches = listAt(objectAt(written, 'routes'), 'rules').map((rule) => asObject(rule)['match']);
  return [
    ...duplicateRegions(written),
    ...unknownRegions(written),
    ...ruleProblems(matches),
    ...openHttp(written),
    ...tooManyLimits(written),
  ];
}

const insteadOf: Readonly<Record<string, string>> = {
  baseUrl: 'set CAPTCHAAI_BASE_URL',
  keyFile: 'set CAPTCHAAI_API_KEY_FILE',
  keyEnv: 'set CAPTCHAAI_API_KEY',
  keyCommand: 'set CAPTCHAAI_API_KEY_FILE',
};

/** Whether a config file that was found by the search cannot set this key. */
export function notInProjectFile(path: string): boolean {
  const [section, key = ''] = path.split('.');
  return section === 'api' && Object.hasOwn(insteadOf, key);
}

const withPassword = /^(?:\w+:\/\/)?[^:@]*:.+@/;

/** Parameters of a region that send solutions, or the traffic of the solver, to an address of the project file. */
function foreignParams(content: unknown, from: string): readonly ConfigProblem[] {
  return listAt(content, 'regions').flatMap((region, index) =>
    Object.entries(objectAt(region, 'params')).flatMap(([name, value]) => {
      const bare = name.trim().toLowerCase();
      const isProxy = bare === 'proxy' && typeof value === 'string' && withPassword.test(value);
      if (bare !== 'pingback' && !isProxy) return [];
      const what = isProxy ? 'a proxy with a password' : 'pingback';
      const problem = `a discovered project file must not set ${what}: pass the file with --config, or set it in your own config in the XDG config folder`;
      return [{ path: `regions[${index}].params.${name}`, problem, from }];
    }),
  );
}

function isLocal(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && isLoopback(new URL(value));
}

/**
 * What a discovered file must not decide: a cloned repository must not be able to send the key elsewhere, nor
 * another user of this machine to a port of theirs.
 */
export function foundFileProblems({ path: from, origin, content, isForeign }: ConfigFile): readonly ConfigProblem[] {
  if (origin !== 'found') return [];
  const api = objectAt(content, 'api');
  const keys = Object.entries(insteadOf).flatMap(([key, instead]) => {
    const value = api[key] ?? null;
    if (value === null || (key === 'baseUrl' && isLocal(value) && !isForeign)) return [];
    const problem = `a discovered project file must not set this key: pass the file with --config, or remove the key and ${instead}, or move it to your own config in the XDG config folder`;
    return [{ path: `api.${key}`, problem, from }];
  });
  return [...keys, ...foreignParams(content, from)];
}
