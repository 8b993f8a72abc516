import { type HostPattern, parseHostPattern } from '../../domain/host-pattern.ts';

/** The region for a page, with the reason. */
export interface RouteDecision {
  /** The host that was matched; null without one. */
  readonly host: string | null;
  /** Null if nothing matches or the text is no URL. */
  readonly region: string | null;
  /** The deciding rule: the `match` of a rule, `.de` for a country, `default`; null if nothing matches. */
  readonly rule: string | null;
  /** A phrase for the user, such as `exact host`, or `Germany is nearest to eu-west-1 (1,090 km)`. */
  readonly reason: string;
  /** True if the task must stay in the region's residency group, or in the region itself if it has no group. */
  readonly strict: boolean;
  /** Why the text is no valid page URL; null if it is valid. */
  readonly error: string | null;
}

/** A rule that was checked, for `--explain`; the list starts with the most specific one. */
export interface RuleConsidered {
  readonly rule: string;
  readonly region: string;
  readonly matches: boolean;
  /** Why it matches, does not match, or was overruled. */
  readonly reason: string;
}

/** Decides the region of a page. Pure. */
export interface RegionRouter {
  route(pageurl: string): RouteDecision;
  explain(pageurl: string): readonly RuleConsidered[];
  /** Regions that no rule, country or default points to. */
  readonly unreachable: readonly string[];
}

/** The keys `routes.*` of the configuration. */
export interface Routes {
  readonly default: string | null;
  readonly countries: boolean;
  readonly rules: readonly { readonly match: string; readonly region: string; readonly residency: 'strict' | null }[];
}

/** The part of a `RouteDecision` that does not depend on the page: for a rule, a country or the default. */
export interface RuleMatch {
  readonly region: string | null;
  readonly rule: string | null;
  readonly reason: string;
  readonly strict: boolean;
}

/** A rule with its parsed pattern. */
export interface CompiledRule {
  readonly pattern: HostPattern;
  readonly ruleMatch: RuleMatch;
}

const scopes = ['path', 'host', 'below', 'all'] as const;
const reasons = { path: 'path prefix', host: 'exact host', below: 'host suffix', all: 'every host' } as const;

function compileRule({ match, region, residency }: Routes['rules'][number]): CompiledRule {
  const parsed = parseHostPattern(match);
  if ('error' in parsed) throw new RangeError(`the rule ${match} ${parsed.error}`);
  const pattern = parsed.value;
  return {
    pattern,
    ruleMatch: { region, rule: match, reason: reasons[pattern.scope], strict: residency === 'strict' },
  };
}

const labelCount = ({ host }: HostPattern): number => host.split('.').length;

function bySpecificity({ pattern: a }: CompiledRule, { pattern: b }: CompiledRule): number {
  const scope = scopes.indexOf(a.scope) - scopes.indexOf(b.scope);
  return scope || b.segments.length - a.segments.length || labelCount(b) - labelCount(a);
}

/**
 * Parses the rules and sorts them, most specific first. Throws `RangeError` for an invalid pattern, which the
 * configuration rejects.
 */
export function compileRules(rules: Routes['rules']): readonly CompiledRule[] {
  return rules.map(compileRule).sort(bySpecificity);
}

/** The match for pages without any other; `because` says why there is none. */
export function defaultMatch(region: string | null, because: string): RuleMatch {
  if (region === null) return { region, rule: null, reason: `${because}, and there is no default`, strict: false };
  return { region, rule: 'default', reason: because, strict: false };
}
