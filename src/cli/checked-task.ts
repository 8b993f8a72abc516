import type { Config } from '../config/schema.ts';
import { readPage } from '../core/routing/page-check.ts';
import { decidePolicy } from '../core/routing/policy.ts';
import { compileRouter } from '../core/routing/region-router.ts';
import type { RegionRouter } from '../core/routing/route-decision.ts';
import { closestName, knownNames } from '../domain/closest-name.ts';
import { UsageError } from '../domain/errors.ts';
import type { Result } from '../domain/result.ts';
import type { Task } from '../domain/task.ts';
import { bodyHint, bodyOfText, type Medium } from '../protocol/image.ts';
import { aliasOf, findMethod, knownMethods } from '../protocol/methods.ts';
import { withProxy } from '../protocol/proxy.ts';
import { reservedParameters, taskProblems, wireParameters } from '../protocol/wire.ts';

/** Thrown where the policy does not allow a task, which has an outcome like any other. */
export class PolicyDeniedError extends UsageError {}

/** Why a task cannot or must not be sent. */
export interface TaskRefusal {
  /** The name at fault: a column of a batch, or what a flag of `solve` is called after; null where it is the whole. */
  readonly about: string | null;
  readonly reason: string;
  readonly fix: string | null;
  /** Where it is the policy that refuses. */
  readonly denied?: true;
}

type Region = Config['regions'][number];

/** The region of a task, and what decided it. */
export interface TaskRegion {
  readonly region: Region | null;
  /** `--region` or the column if set, else the routing rule; null if nothing decided. */
  readonly rule: string | null;
}

type RegionOf = (chosen: string | null, pageurl: string | null) => Result<TaskRegion, TaskRefusal>;

const nowhere: Result<TaskRegion, never> = { value: { region: null, rule: null } };

function routed(
  router: RegionRouter,
  pageurl: string,
  byName: ReadonlyMap<string, Region>,
): Result<TaskRegion, TaskRefusal> {
  const { region, rule, error } = router.route(pageurl);
  if (error !== null) {
    return { error: { about: 'pageurl', reason: `pageurl: ${error}`, fix: 'write https://…' } };
  }
  return region === null ? nowhere : { value: { region: byName.get(region) ?? null, rule } };
}

/** Compiles the routes of a configuration. A task without a page goes to the default region. */
function taskRegions({ regions, routes }: Config): RegionOf {
  const byName = new Map(regions.map((region) => [region.name, region]));
  const router = compileRouter(regions, routes);
  return (chosen, pageurl) => {
    if (chosen === null && pageurl !== null && regions.length > 0) return routed(router, pageurl, byName);
    const name = chosen ?? routes.default;
    if (name === null) return nowhere;
    const region = byName.get(name);
    const known = regions.length === 0 ? 'no regions are configured' : knownNames(name, [...byName.keys()]);
    if (region === undefined) return { error: { about: 'region', reason: `unknown region ${name}`, fix: known } };
    return { value: { region, rule: chosen === null ? 'default' : 'chosen' } };
  };
}

/** A task as the user describes it, before it is checked. */
export interface TaskInput {
  readonly taskId: string;
  readonly method: string | null;
  readonly sitekey: string | null;
  readonly pageurl: string | null;
  /** The page's own action name (reCAPTCHA v3, Turnstile), `action` on the wire. */
  readonly pageAction: string | null;
  /** An image as base64 or as a `data:` URI of it, or null. */
  readonly body: string | null;
  readonly params: Readonly<Record<string, string>>;
  readonly region: string | null;
}

type Params = Readonly<Record<string, string>>;

/** The service would read such a name as another one, or not at all. */
const unreadableName = /^(?:|__proto__)$|[\u0000-\u001f\u007f]/;

/**
 * The parameters under names without surrounding blanks, which the service does not see either: what is judged must be
 * what is sent.
 */
function withTrimmedNames(params: Params): Result<Params, TaskRefusal> {
  const names = Object.keys(params);
  if (names.every((name) => name === name.trim() && !unreadableName.test(name))) return { value: params };
  const trimmed = new Map<string, string>();
  for (const written of names) {
    const name = written.trim();
    const about = name === '' ? null : name;
    if (unreadableName.test(name))
      return { error: { about, reason: `${JSON.stringify(written)} is not a parameter name`, fix: 'omit it' } };
    if (trimmed.has(name)) return { error: { about, reason: `${name} is given twice`, fix: 'omit one of them' } };
    trimmed.set(name, params[written] ?? '');
  }
  return { value: Object.fromEntries(trimmed) };
}

const reservedHints: Readonly<Record<string, string>> = {
  action: "for the page's own action, use --page-action (batch: the column page_action)",
  method: 'use --method',
};

function reservedRefusal(params: Readonly<Record<string, string>>): readonly TaskRefusal[] {
  const reserved = Object.keys(params).filter((name) => reservedParameters.has(name));
  return reserved.map((name) => ({
    about: name,
    reason: `the parameter ${name} is set by captcha`,
    fix: reservedHints[name] ?? null,
  }));
}

/** The user's parameters under their trimmed names, none of which is reserved. */
function ownParameters(params: Params): Result<Params, readonly TaskRefusal[]> {
  const named = withTrimmedNames(params);
  const refusals = 'error' in named ? [named.error] : reservedRefusal(named.value);
  return 'error' in named || refusals.length > 0 ? { error: refusals } : named;
}

const urlOfTheWeb = /^\s*https?:\/\//i;
/** How the site keys of reCAPTCHA, Turnstile and hCaptcha look. */
const siteKey = /^\s*(?:6L[\w-]{20,}|0x[\w-]{6,}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\s*$/i;

/** Why the page or the site key cannot be sent; empty if both are usable. */
function pageRefusals(sitekey: string | null, pageurl: string | null): readonly TaskRefusal[] {
  const page = pageurl === null ? null : readPage(pageurl);
  const isKeyUrl = sitekey !== null && urlOfTheWeb.test(sitekey);
  const fault = page !== null && 'error' in page ? page.error : null;
  const isPage = page !== null && fault === null && urlOfTheWeb.test(pageurl ?? '');
  if (page === null || isPage) {
    const reason = 'sitekey: a URL is not a site key';
    return isKeyUrl
      ? [{ about: 'sitekey', reason, fix: 'take the site key from the page source, and pass the URL as pageurl' }]
      : [];
  }
  if (isKeyUrl) {
    const reason = 'pageurl and sitekey are swapped: the site key is a URL and the page is not';
    return [{ about: 'pageurl', reason, fix: 'swap them' }];
  }
  if (siteKey.test(pageurl ?? '')) {
    const reason = 'pageurl looks like a site key';
    return [{ about: 'pageurl', reason, fix: 'pass the URL of the page that shows the CAPTCHA' }];
  }
  const fix = 'write https://…';
  return [{ about: 'pageurl', reason: `pageurl: ${fault ?? 'it does not begin with https:// or http://'}`, fix }];
}

/** Parameters other than `body` that contain images. */
const imageParameter = /^(?:image|imginstructions|part[123]|image_base64_\d)$/;

function bareBody(about: string, text: string, medium: Medium): Result<string, TaskRefusal> {
  const found = bodyOfText(text);
  if ('error' in found) return { error: { about, reason: `${about} is ${found.error}`, fix: bodyHint } };
  if (found.value.medium === medium) return { value: found.value.body };
  const error =
    medium === 'audio'
      ? { about, reason: `${about} is an image, not an audio file`, fix: 'use MP3, WAV, OGG, FLAC or M4A' }
      : { about, reason: `${about} is an audio file, not an image`, fix: bodyHint };
  return { error };
}

/** The task with its images as bare base64, or why they are not images. An unknown method accepts any body. */
function withBareImages(task: Task): Result<Task, TaskRefusal> {
  const { medium } = findMethod(task.method, task.params);
  if (medium === null) return { value: task };
  const body = task.body === null ? { value: null } : bareBody('body', task.body, medium);
  if ('error' in body) return body;
  const params: Record<string, string> = {};
  for (const name of Object.keys(task.params).filter((each) => imageParameter.test(each))) {
    const bare = bareBody(name, task.params[name] ?? '', 'image');
    if ('error' in bare) return bare;
    params[name] = bare.value;
  }
  return { value: { ...task, body: body.value, params: { ...task.params, ...params } } };
}

/** Missing parameters of the method and violations of the policy. */
function refusalsOf(task: Task, { policy }: Config): readonly TaskRefusal[] {
  const problems = taskProblems(task).map(({ about, text }) => ({ about, reason: text, fix: null }));
  if (problems.length > 0) return problems;
  // The policy applies to what is sent: a parameter can also name the page.
  const decision = decidePolicy(policy, wireParameters(task)['pageurl'] ?? null);
  return decision.allowed
    ? []
    : [
        {
          about: 'pageurl',
          reason: `not sent: denied by ${decision.rule}`,
          fix: 'see policy.allow and policy.deny in captcha config show',
          denied: true,
        },
      ];
}

/** The rules for tasks, compiled once for many tasks. */
export interface TaskRules {
  readonly config: Config;
  readonly regionOf: RegionOf;
  /** Warns once about every unknown method that resembles a known one. */
  readonly warnIfUnknownMethod: (method: string) => void;
}

/** `warn` is called for methods that look mistyped. Unknown methods are accepted: the service may know more of them. */
export function taskRules(config: Config, warn: (text: string) => void = () => undefined): TaskRules {
  const seen = new Set(knownMethods());
  const warnIfUnknownMethod = (method: string): void => {
    if (seen.has(method)) return;
    seen.add(method);
    const meant = closestName(method, knownMethods());
    if (meant !== null) warn(`warning: unknown method ${method}, sent unchanged; did you mean ${meant}?`);
  };
  return { config, regionOf: taskRegions(config), warnIfUnknownMethod };
}

const trimmed = (text: string | null): string | null => ((text?.trim() ?? '') === '' ? null : (text ?? '').trim());

/** The image, wherever it was given, and the parameters without it. */
function bodyAndParams({ body, params }: Pick<TaskInput, 'body' | 'params'>): Pick<TaskInput, 'body' | 'params'> {
  if (body !== null || params['body'] === undefined) return { body, params };
  const { body: inParams, ...others } = params;
  return { body: inParams, params: others };
}

/** The method of an image or of a text CAPTCHA; null if there is neither. */
function defaultMethod(body: string | null, params: TaskInput['params']): string | null {
  if (body !== null) return 'base64';
  return (params['textcaptcha'] ?? '').trim() === '' ? null : 'post';
}

/** The method under its own name, or why there is none. */
function methodOf(given: string | null, body: string | null, params: Params): Result<string, TaskRefusal> {
  const written = trimmed(given) ?? defaultMethod(body, params);
  if (written === null)
    return { error: { about: 'method', reason: 'nothing to solve: no method and no image', fix: null } };
  const alias = aliasOf(written);
  if (alias === null) return { value: written };
  const { method, parameter } = alias;
  if ((params[parameter] ?? '').trim() !== '') return { value: method };
  return { error: { about: parameter, reason: `${written} needs the parameter ${parameter}`, fix: null } };
}

/** The task, with the parameters of its region, or why it cannot or must not be sent. */
export function parseTask(input: TaskInput, rules: TaskRules): Result<Task, readonly TaskRefusal[]> {
  const named = ownParameters(input.params);
  if ('error' in named) return named;
  const [sitekey, pageurl] = [trimmed(input.sitekey), trimmed(input.pageurl)];
  const { body, params: own } = bodyAndParams({ body: input.body, params: named.value });
  if (body === '') return { error: [{ about: 'body', reason: 'the image is empty', fix: null }] };
  const methodFound = methodOf(input.method, body, own);
  if ('error' in methodFound) return { error: [methodFound.error] };
  const method = methodFound.value;
  const page = pageurl ?? own['pageurl'] ?? null;
  const wrongPage = pageRefusals(sitekey, page);
  if (wrongPage.length > 0) return { error: wrongPage };
  const found = rules.regionOf(input.region, page);
  if ('error' in found) return { error: [found.error] };
  const { region, rule } = found.value;
  const action = input.pageAction === null ? {} : { action: input.pageAction };
  // Spreading takes longer than all the rest, and a batch is long.
  const isPlain = region === null && input.pageAction === null;
  const proxied = withProxy(isPlain ? own : { ...region?.params, ...own, ...action });
  if ('error' in proxied) return { error: [proxied.error] };
  const params = proxied.value;
  const { taskId } = input;
  const bare = withBareImages({ taskId, method, sitekey, pageurl, body, params, region: region?.name ?? null, rule });
  if ('error' in bare) return { error: [bare.error] };
  const refusals = refusalsOf(bare.value, rules.config);
  if (refusals.length > 0) return { error: refusals };
  rules.warnIfUnknownMethod(method);
  return bare;
}

/** A task from a queue must not say where the service sends its solution; the configuration of its region may. */
function pingbackRefusal({ params, region }: Task, { regions }: Config): readonly TaskRefusal[] {
  const given = params['pingback'];
  const own = regions.find(({ name }) => name === region)?.params['pingback'];
  if (given === undefined || given === own) return [];
  const fix = 'set it in regions[].params of the worker';
  return [{ about: 'pingback', reason: 'the parameter pingback cannot come with a queued task', fix }];
}

/**
 * The same for a task from a queue. It is checked again before it is paid for, because other programs can write into the
 * queue. `isOwn`: the queue is inside this process.
 */
export function recheckedTask(
  task: Task,
  config: Config,
  { isOwn }: { readonly isOwn: boolean } = { isOwn: false },
): Result<Task, readonly TaskRefusal[]> {
  // The page's own action is a parameter by now.
  const named = withTrimmedNames(task.params);
  if ('error' in named) return { error: [named.error] };
  const params = Object.fromEntries(Object.entries(named.value).filter(([name]) => name !== 'action'));
  const page = task.pageurl ?? params['pageurl'] ?? null;
  const pingback = isOwn ? [] : pingbackRefusal(task, config);
  const wrong = [...reservedRefusal(params), ...pingback, ...pageRefusals(task.sitekey, page)];
  if (wrong.length > 0) return { error: wrong };
  const { body, params: own } = bodyAndParams({ body: task.body, params: named.value });
  const proxied = withProxy(own);
  if ('error' in proxied) return { error: [proxied.error] };
  const bare = withBareImages({ ...task, body, params: proxied.value });
  if ('error' in bare) return { error: [bare.error] };
  const refusals = refusalsOf(bare.value, config);
  return refusals.length > 0 ? { error: refusals } : bare;
}

/** The same for one task on the command line: throws `UsageError`. */
export function checkedTask(input: TaskInput, config: Config, warn?: (text: string) => void): Task {
  const parsed = parseTask(input, taskRules(config, warn));
  if ('value' in parsed) return parsed.value;
  const refusals = parsed.error;
  const fix = refusals[0]?.fix ?? 'see captcha solve --help';
  const why = refusals.map(({ reason }) => reason).join('\n  ');
  throw refusals.some(({ denied }) => denied) ? new PolicyDeniedError(why, fix) : new UsageError(why, fix);
}
