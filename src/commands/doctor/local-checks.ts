import { formatMs } from '../../cli/format.ts';
import type { LoadedConfig } from '../../config/load.ts';
import type { Policy } from '../../core/routing/policy.ts';
import { hostOf } from '../../domain/page-url.ts';
import type { Result } from '../../domain/result.ts';
import { shellQuoted } from '../../domain/shell-word.ts';
import type { StateFolderFacts } from '../../ports/state.ts';
import { endedOn } from './node-releases.ts';
import { combined, failure, type Finding, ok, type Problem, skipped, warning } from './finding.ts';

/** The result of reading the configuration. */
export interface ConfigFacts {
  readonly loaded: Result<LoadedConfig, Problem>;
  /** Why `solve` and `batch` would refuse to poll as it says; null where they would not. */
  readonly hastyPolling: Problem | null;
}

function whichFile({ file, ownFile }: LoadedConfig): string {
  if (file === null) return 'no config file: defaults and the environment';
  if (!file.found) return `${file.path}, valid`;
  const own = ownFile === null ? '' : `; the policy of ${ownFile} holds, too`;
  return `${file.path} (project file; it cannot set where the API key is sent), valid${own}`;
}

/** Which configuration is in effect, and everything that is wrong or doubtful about it. */
export function checkConfig({ loaded, hastyPolling }: ConfigFacts): Finding {
  if ('error' in loaded) {
    const { message, hint } = loaded.error;
    return failure(message, hint ?? 'correct the keys listed; captcha config schema describes every key');
  }
  const { warnings } = loaded.value;
  return combined([
    ok(whichFile(loaded.value)),
    ...warnings.map((text) => warning(text, 'captcha config show prints the source of every value')),
    ...(hastyPolling === null ? [] : [warning(hastyPolling.message, hastyPolling.hint ?? 'set longer waits')]),
  ]);
}

/** The oldest version of Node.js that this program runs on; `engines` of package.json says the same. */
export const oldestNode = '20.18.1';

/** What runs the program. */
export interface RuntimeFacts {
  /** Such as `20.20.1`. */
  readonly nodeVersion: string;
  /** As node names it, such as `linux`. */
  readonly platform: string;
}

const supportedPlatforms = ['linux', 'darwin'];

function isOlder(version: string, than: string): boolean {
  const [ours, theirs] = [version, than].map((text) => text.split('.').map((part) => parseInt(part, 10)));
  const differing = (theirs ?? []).findIndex((part, index) => part !== ours?.[index]);
  return differing !== -1 && (ours?.[differing] ?? 0) < (theirs?.[differing] ?? 0);
}

/** Whether this machine runs what the program was written for. `now`: wall clock, in epoch ms. */
export function checkNode({ nodeVersion, platform }: RuntimeFacts, now: number): Finding {
  const found = `Node.js ${nodeVersion} on ${platform}`;
  if (isOlder(nodeVersion, oldestNode)) return failure(found, `install Node.js ${oldestNode} or later`);
  const lastDay = endedOn(nodeVersion, now);
  const isSupported = supportedPlatforms.includes(platform);
  const elsewhere = 'only Linux and macOS are supported; here every process has its own retry budget';
  return combined([
    isSupported ? ok(found) : warning(found, elsewhere),
    ...(lastDay === null ? [] : [warning(`this version has had no security updates since ${lastDay}`, upgrade)]),
  ]);
}

const upgrade = 'install a supported version: https://nodejs.org/en/about/previous-releases';

/** A pattern in comparable form: `*`, `.example.com` for a suffix, or a host. */
function canonical(pattern: string): string {
  const suffix = pattern.startsWith('*.') ? pattern.slice(1) : pattern;
  if (pattern === '*' || !suffix.startsWith('.')) return hostOf(pattern) ?? pattern;
  return `.${hostOf(suffix.slice(1)) ?? suffix.slice(1)}`;
}

/** Whether one pattern matches whatever the other one matches. */
function covers(wide: string, narrow: string): boolean {
  const [outer, inner] = [wide === '*' ? '*' : canonical(wide), narrow === '*' ? '*' : canonical(narrow)];
  if (outer === '*' || outer === inner) return true;
  return inner !== '*' && outer.startsWith('.') && inner.endsWith(outer);
}

function swallowed({ allow, deny }: Policy): readonly Finding[] {
  return allow.flatMap((pattern) => {
    const by = deny.find((denied) => covers(denied, pattern));
    if (by === undefined) return [];
    const fix = 'deny overrides allow: remove one of the two';
    return [warning(`policy.allow ${pattern} has no effect: policy.deny ${by} denies all of it`, fix)];
  });
}

/** Whether the patterns of the policy do what they seem to. */
export function checkPolicy(policy: Policy): Finding {
  const { allow, deny } = policy;
  if (allow.length === 0 && deny.length === 0) return ok('no policy: tasks for all pages are allowed');
  if (deny.includes('*')) return warning('policy.deny * denies every page', 'remove it, or list the hosts to deny');
  return combined([ok(`${allow.length} allowed, ${deny.length} denied`), ...swallowed(policy)]);
}

/** What the environment says about proxies. */
export interface ProxyFacts {
  /** The names of the proxy variables that are set. */
  readonly variables: readonly string[];
  /** The host that is asked. */
  readonly host: string;
  /** What requests to it go through, passwords masked, or why that cannot be told; null: they go directly. */
  readonly used: Result<{ readonly url: string; readonly exceptions: string } | null, Problem>;
  /** The regions with a health endpoint, and the proxy of each, password masked; null: directly. */
  readonly regions: readonly { readonly name: string; readonly proxy: string | null }[];
}

const unread = ['ALL_PROXY', 'all_proxy'];

const maxNamedRegions = 5;

/** Which regions are asked through which proxy; nothing where no variable can make a difference. */
function regionFindings({ variables, regions }: ProxyFacts): readonly Finding[] {
  if (variables.length === 0) return [];
  return [...new Set(regions.map(({ proxy }) => proxy))].map((proxy) => {
    const names = regions.filter((each) => each.proxy === proxy).map(({ name }) => name);
    const more = names.length > maxNamedRegions ? ` and ${names.length - maxNamedRegions} more` : '';
    const way = proxy === null ? 'no proxy is used' : `${proxy} is used`;
    return ok(`${way} for the health of ${names.slice(0, maxNamedRegions).join(', ')}${more}`);
  });
}

function usedFinding({ used, host, variables }: ProxyFacts): Finding {
  if ('error' in used) return failure(used.error.message, used.error.hint);
  const proxy = used.value;
  if (proxy === null)
    return ok(variables.length === 0 ? 'no proxy is set: direct connections' : `no proxy is used for ${host}`);
  return ok(
    `${proxy.url} is used for ${host}${proxy.exceptions === '' ? '' : ` (except NO_PROXY: ${proxy.exceptions})`}`,
  );
}

/** http_proxy and HTTP_PROXY can differ; the lower-case one wins. */
function duplicateFindings({ variables }: ProxyFacts): readonly Finding[] {
  const doubled = variables.filter((name) => name === name.toLowerCase() && variables.includes(name.toUpperCase()));
  return doubled.map((name) => ok(`${name} overrides ${name.toUpperCase()}: the lower-case variable wins`));
}

/** Through which proxy the service is asked. */
export function checkProxy(facts: ProxyFacts): Finding {
  const ignored = unread.filter((name) => facts.variables.includes(name));
  return combined([
    usedFinding(facts),
    ...regionFindings(facts),
    ...duplicateFindings(facts),
    ...ignored.map((name) => warning(`${name} is not supported`, 'set HTTPS_PROXY to an http:// or https:// proxy')),
  ]);
}

const forGroupAndOthers = 0o077;

const otherFix = 'set CAPTCHA_STATE_DIR to a writable folder';
const fixes: Readonly<Record<string, string>> = {
  EACCES: `change its owner and mode (chown, chmod 700), or ${otherFix}`,
  EPERM: `change its owner and mode (chown, chmod 700), or ${otherFix}`,
  ENOSPC: `free space, or ${otherFix}`,
  EDQUOT: `free space in your quota, or ${otherFix}`,
  EROFS: `it is mounted read-only: ${otherFix}`,
  ENOTDIR: `a file has the same path: move it, or ${otherFix}`,
  EEXIST: `a file has the same path: move it, or ${otherFix}`,
};

function modeFindings({ path, mode, isOwn }: StateFolderFacts): readonly Finding[] {
  if (!isOwn) return [warning('the folder belongs to another user', `set CAPTCHA_STATE_DIR to a folder of your own`)];
  if (mode === null || (mode & forGroupAndOthers) === 0) return [];
  const shown = `0${mode.toString(8)}`;
  return [warning(`other users can read or write the folder (mode ${shown})`, `chmod 700 ${shellQuoted(path)}`)];
}

function placeFindings({ isNetwork, fileSystem }: StateFolderFacts): readonly Finding[] {
  if (!isNetwork) return [];
  const found = `the folder is on a network file system (${fileSystem ?? 'unknown type'}): budget.scope host degrades to process`;
  return [warning(found, 'set CAPTCHA_STATE_DIR to a folder on a local disk')];
}

/** Whether journals and what processes of this machine share can be kept. */
export function checkStateFolder(facts: StateFolderFacts): Finding {
  const { path, from, existed, problem, fileSystem } = facts;
  const place = `${path} (${from})`;
  if (problem !== null) return failure(`${place}: ${problem.message}`, fixes[problem.code] ?? otherFix);
  const state = existed ? 'is writable' : 'can be created';
  const disk = fileSystem === null ? '' : `, on ${fileSystem}`;
  return combined([ok(`${place} ${state}${disk}`), ...modeFindings(facts), ...placeFindings(facts)]);
}

const mebibyte = 1024 * 1024;
/** A journal takes some 500 bytes for a task: a hundred thousand tasks need half of this. */
const littleBytes = 100 * mebibyte;
const nothingBytes = mebibyte;
const littleInodes = 1_000;

function formatBytes(bytes: number): string {
  if (bytes < 10 * mebibyte) return `${(bytes / mebibyte).toFixed(1)} MiB`;
  if (bytes < 10 * 1024 * mebibyte) return `${Math.floor(bytes / mebibyte)} MiB`;
  return `${Math.floor(bytes / mebibyte / 1024)} GiB`;
}

const fix = 'free space there, or set CAPTCHA_STATE_DIR to a folder on another disk';

/** Whether journals have room to grow. */
export function checkDiskSpace({ freeBytes, freeInodes }: StateFolderFacts): Finding {
  if (freeBytes === null) return skipped('the free space is unknown');
  const files = freeInodes === null ? '' : `, ${freeInodes.toLocaleString('en-US')} files`;
  const found = `${formatBytes(freeBytes)} free${files}`;
  if (freeBytes < nothingBytes || freeInodes === 0) return failure(found, fix);
  const isLittle = freeBytes < littleBytes || (freeInodes ?? Infinity) < littleInodes;
  return isLittle ? warning(found, fix) : ok(found);
}

/** What all processes share about retries to the service. */
export interface SharedFacts {
  readonly tokens: number;
  readonly burst: number;
  readonly breaker: 'closed' | 'open' | 'half-open';
  /** Until the breaker admits a probe, in ms; 0 unless it is open. */
  readonly probeInMs: number;
  /** How long the service asks all clients to wait, in ms; 0 for no wait. */
  readonly quietMs: number;
  /** Why the budget of the fleet cannot be read; null where it can, or there is none. */
  readonly unavailable: string | null;
}

function quietFindings({ quietMs }: SharedFacts): readonly Finding[] {
  if (quietMs === 0) return [];
  const found = `the service asks all clients to wait (Retry-After): ${formatMs(quietMs)} left; all tasks wait`;
  return [warning(found, 'send fewer requests; retry.maxRetryAfter limits the wait, captcha budget --reset ends it')];
}

function breakerFindings({ breaker, probeInMs }: SharedFacts): readonly Finding[] {
  if (breaker !== 'open') return [];
  const found = `the circuit breaker is open: no submissions, next probe in ${formatMs(probeInMs)}`;
  return [warning(found, 'see the api check; captcha budget log shows the failures that opened it')];
}

/** Whether something that all processes share keeps tasks from being sent. Null: each process is on its own. */
export function checkSharedState(shared: Result<SharedFacts | null, Problem>): Finding {
  if ('error' in shared) return skipped('needs a key', 'see the key check');
  const facts = shared.value;
  if (facts === null) return ok('each process has its own budget (budget.scope process)');
  const { tokens, burst, breaker, unavailable } = facts;
  return combined([
    ok(`${tokens.toFixed(1)} of ${burst} tokens, breaker ${breaker}`),
    ...quietFindings(facts),
    ...breakerFindings(facts),
    ...(unavailable === null ? [] : [warning(unavailable, 'check the Redis of budget.scope')]),
  ]);
}
