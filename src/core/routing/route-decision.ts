import { type HostPattern, parseHostPattern } from '../../domain/host-pattern.ts';

/** Where a page's tasks go, and why. */
export interface RouteDecision {
  /** The host that was judged; null where there is none. */
  readonly host: string | null;
  /** Null where nothing decides, or the text is no URL. */
  readonly region: string | null;
  /** What decided: the `match` of a rule, `.de` for a country, `default`; null where nothing did. */
  readonly rule: string | null;
  /** One phrase for a person, such as `exact host`, or `Germany is nearest to eu-west-1 (1,090 km)`. */
  readonly reason: string;
  /** True where the task must stay in the region's residency group, or in the region where it has none. */
  readonly strict: boolean;
  /** Why the text is no page of the web; null where it is one. */
  readonly error: string | null;
}

/** A rule that was looked at, for `--explain`, most specific first. */
export interface RuleConsidered {
  readonly rule: string;
  readonly region: string;
  readonly matches: boolean;
  /** Why it matches or not, or what beat it. */
  readonly reason: string;
}

/** Decides the region of a page. Pure: the same text always gives the same answer. */
export interface RegionRouter {
  route(pageurl: string): RouteDecision;
  explain(pageurl: string): readonly RuleConsidered[];
  /** The regions that no rule, country or default leads to. */
  readonly unreachable: readonly string[];
}

/** The keys `routes.*` of the configuration. */
export interface Routes {
  readonly default: string | null;
  readonly countries: boolean;
  readonly rules: readonly { readonly match: string; readonly region: string; readonly residency: 'strict' | null }[];
}

/** What a rule, a country or the default decides, whatever the page: the part of a `RouteDecision` that can be known before. */
export interface RuleMatch {
  readonly region: string | null;
  readonly rule: string | null;
  readonly reason: string;
  readonly strict: boolean;
}

/** A rule of the configuration with its pattern read. */
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

/** The rules, most specific first. Throws `RangeError` for one without a pattern, which the configuration refuses. */
export function compileRules(rules: Routes['rules']): readonly CompiledRule[] {
  return rules.map(compileRule).sort(bySpecificity);
}

/** What holds for pages that nothing else decides about; `because` says why nothing does. */
export function defaultMatch(region: string | null, because: string): RuleMatch {
  if (region === null) return { region, rule: null, reason: `${because}, and there is no default`, strict: false };
  return { region, rule: 'default', reason: because, strict: false };
}
