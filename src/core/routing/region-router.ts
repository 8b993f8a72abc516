import type { HostPattern } from '../../domain/host-pattern.ts';
import { canonicalSegment, isIpLiteral, parsePageUrl, pathSegments } from '../../domain/page-url.ts';
import type { Region } from '../../domain/region.ts';
import { countryMatches } from './country-rules.ts';
import { HostTree } from './host-tree.ts';
import { readPage } from './page-check.ts';
import {
  type CompiledRule,
  compileRules,
  defaultMatch,
  type RegionRouter,
  type RouteDecision,
  type Routes,
  type RuleMatch,
  type RuleConsidered,
} from './route-decision.ts';

function hostMismatch(pattern: HostPattern, host: string): string | null {
  return pattern.host === host ? null : 'another host';
}

function suffixMismatch(pattern: HostPattern, host: string): string | null {
  if (host.endsWith(`.${pattern.host}`)) return null;
  if (host === pattern.host) return `matches subdomains of ${host}, not ${host} itself`;
  return host.endsWith(pattern.host) ? 'matches whole labels only' : 'another suffix';
}

function pathMismatch(pattern: HostPattern, pathname: string): string | null {
  const begin = pathSegments(pathname).slice(0, pattern.segments.length).map(canonicalSegment);
  const differing = pattern.segments.findIndex((segment, index) => begin[index] !== segment);
  if (differing === -1) return null;
  const isLonger = begin[differing]?.startsWith(pattern.segments[differing] ?? '') ?? false;
  return isLonger ? 'matches whole segments only' : 'another path';
}

/** Why a pattern does not match a page, in a few words; null if it matches. `host` is the host of `url`. */
function ruleMismatch(pattern: HostPattern, host: string, url: URL): string | null {
  if (pattern.scope === 'all') return null;
  if (pattern.scope === 'below') return suffixMismatch(pattern, host);
  return hostMismatch(pattern, host) ?? (pattern.scope === 'path' ? pathMismatch(pattern, url.pathname) : null);
}

const noPage = (error: string): RouteDecision => ({
  host: null,
  region: null,
  rule: null,
  reason: error,
  strict: false,
  error,
});

function consider(ruleMatch: RuleMatch, winner: RuleMatch, mismatch: string | null): readonly RuleConsidered[] {
  const { rule, region } = ruleMatch;
  if (rule === null || region === null) return [];
  const reason = ruleMatch === winner ? ruleMatch.reason : `less specific than ${winner.rule ?? ''}`;
  return [{ rule, region, matches: mismatch === null, reason: mismatch ?? reason }];
}

class CompiledRouter implements RegionRouter {
  readonly unreachable: readonly string[];
  readonly #rules: readonly CompiledRule[];
  readonly #countries: ReadonlyMap<string, RuleMatch>;
  readonly #tree = new HostTree<RuleMatch>();
  readonly #default: RuleMatch;
  readonly #defaultOfIp: RuleMatch;

  constructor(regions: readonly Region[], routes: Routes) {
    this.#rules = compileRules(routes.rules);
    const suffixes = new Set(this.#rules.map(({ pattern }) => pattern.canonical));
    const countries = [...countryMatches(regions, routes)].filter(([domain]) => !suffixes.has(`*.${domain}`));
    this.#countries = new Map(countries);
    this.#default = defaultMatch(routes.default, 'no rule matches');
    this.#defaultOfIp = defaultMatch(routes.default, 'ip literal');
    for (const [host, ruleMatch] of countries) this.#tree.set({ scope: 'below', host, segments: [] }, ruleMatch);
    for (const { pattern, ruleMatch } of this.#rules) this.#tree.set(pattern, ruleMatch);
    const ruleMatches = [...this.#rules.map(({ ruleMatch }) => ruleMatch), ...this.#countries.values(), this.#default];
    const reached = new Set(ruleMatches.map(({ region }) => region));
    this.unreachable = regions.map(({ name }) => name).filter((name) => !reached.has(name));
  }

  route(pageurl: string): RouteDecision {
    const page = readPage(pageurl);
    if ('error' in page) return noPage(page.error);
    const { host, url } = page.value;
    const { region, rule, reason, strict } = this.#judge(host, url);
    return { host, region, rule, reason, strict, error: null };
  }

  explain(pageurl: string): readonly RuleConsidered[] {
    const { host } = this.route(pageurl);
    const url = parsePageUrl(pageurl);
    if (host === null || url === null) return [];
    const winner = this.#judge(host, url);
    return [
      ...this.#rules.flatMap(({ pattern, ruleMatch }) => consider(ruleMatch, winner, ruleMismatch(pattern, host, url))),
      ...this.#lastResorts(host).flatMap((ruleMatch) => consider(ruleMatch, winner, null)),
    ];
  }

  #judge(host: string, url: URL): RuleMatch {
    return this.#tree.find(host, url) ?? this.#defaultOf(host);
  }

  #defaultOf(host: string): RuleMatch {
    return isIpLiteral(host) ? this.#defaultOfIp : this.#default;
  }

  /** The fallbacks for a host without a matching rule, in order of precedence. */
  #lastResorts(host: string): readonly RuleMatch[] {
    const country = this.#countries.get(host.slice(host.lastIndexOf('.') + 1));
    if (country === undefined || !host.includes('.')) return [this.#defaultOf(host)];
    return country.rule === this.#default.rule ? [country] : [country, this.#default];
  }
}

/**
 * Compiles the rules once. The most specific match decides, regardless of rule order: path prefix on a host, exact
 * host, longest suffix, country of the domain (nearest region by great-circle distance), default. Throws `RangeError`
 * for an invalid host pattern, which the configuration rejects.
 */
export function compileRouter(regions: readonly Region[], routes: Routes): RegionRouter {
  return new CompiledRouter(regions, routes);
}
